"""Stand-ins that speak the interface of models and solutions, so that rooms upstairs are tested without computing."""

from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace

import numpy as np
import sympy as sp

import meanfield as mf

x, a = sp.symbols("x a", real=True)


def parabola():
    """x^2 = a: two solutions for a > 0, none for a < 0; the indicator vanishes at a = 1."""
    return SimpleNamespace(
        name="parabola",
        title="square root by self-consistency",
        unknowns=(x,),
        public_unknowns=(x,),
        parameters=(a,),
        equations={x: a / x},
        implicit=(),
        definitions={},
        observables={"twice": 2 * x, "wave": sp.I * x},
        spectra={"outliers": None},
        defaults={},
        prepare=None,
        indicators={"unity": a - 1},
        meanings={x: "a root"},
        transfers=(),
        references=("no reference",),
        junctions=(),
        reports={},
        symmetries=({x: -x},),
        on_request={},
        per_neuron=(),
        motion=None,
    )


@dataclass
class FakeSolution:
    """One solution at one parameter point."""

    why = MappingProxyType({})

    root: float
    parameters: dict
    found: bool = True
    status: str = "converged: the residual is below the tolerance"
    physical: bool | None = True
    residual: float = 1e-17
    unknowns: dict = field(init=False)
    observables: dict = field(init=False)
    indicators: dict = field(init=False)
    spectra: dict = field(init=False)
    error: dict = field(init=False)
    stable: bool | None = field(init=False)

    def __post_init__(self):
        self.unknowns = {"x": self.root}
        self.observables = {"twice": 2 * self.root, "wave": 1j * self.root}
        self.indicators = {"unity": self.parameters["a"] - 1}
        self.spectra = {"outliers": np.array([self.root + 1j, np.nan])}
        self.error = {"x": 1e-15, "twice": 2e-15}
        self.stable = self.root > 0

    def __getitem__(self, name):
        return {**self.unknowns, **self.observables, **self.indicators}[name]


class FakeSolutions(list):
    """All solutions at one parameter point, or at the points of an array."""

    why = ""
    shape: tuple = ()

    @property
    def points(self):
        return getattr(self, "_points", [self])

    @points.setter
    def points(self, value):
        self._points = value


def solve_parabola(model, *, find="one", tol=1e-10, digits=None, progress=None, **parameters):
    """The interface of ``meanfield.solve`` for `parabola`."""
    value = parameters["a"]
    if np.ndim(value):
        whole = FakeSolutions()
        whole.points = [solve_parabola(model, find="all", a=float(v)) for v in np.ravel(value)]
        whole.shape = np.shape(value)
        return whole
    every = FakeSolutions()
    if value >= 0:
        every += [FakeSolution(s * float(value) ** 0.5, {"a": value}) for s in (1, -1)]
    else:
        every.why = "x^2 = a has no real root for a < 0"
    if find == "all":
        return every
    return every[0] if every else FakeSolution(np.nan, {"a": value}, found=False, status=every.why)


def _of_unfolding(unknown, cubic, title, name, **parts):
    a_, b = mf.parameters("a b")
    return mf.Model(
        title,
        name=name,
        unknowns=(unknown,),
        parameters=(a_, b),
        implicit=[cubic(unknown, a_, b)],
        starts=[{unknown: 0}, {unknown: sp.Rational(3, 2)}, {unknown: -sp.Rational(3, 2)}],
        stable={"the state is restored": sp.diff(cubic(unknown, a_, b), unknown)},
        **parts,
    )


def cusp(name="cusp"):
    """x^3 = a x + b, a real model: one or three roots; folds where 27 b^2 = 4 a^3; stable where 3 x^2 > a."""
    return _of_unfolding(mf.unknown("x"), lambda x, a, b: x**3 - a * x - b, "cusp catastrophe", name)


def pitchfork():
    """mu^3 = a mu whatever b: the symmetric state is stable for a < 0, its two broken partners for a > 0."""
    mu = mf.unknown("mu")
    return _of_unfolding(mu, lambda x, a, b: x**3 - a * x, "pitchfork catastrophe", "pitchfork", symmetries=[{mu: -mu}])
