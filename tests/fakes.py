"""Stand-ins that speak the interface of models and solutions, so that rooms upstairs are tested without computing."""

from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace

import numpy as np
import sympy as sp

from meanfield.diagram.polish import Polished

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
        indicators={"unity": a - 1},
        meanings={x: "a root"},
        references=("no reference",),
        junctions=(),
        reports={},
        prepare=None,
        symmetries=({x: -x},),
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


def cusp(name="cusp"):
    """x^3 = a x + b: one or three real roots; folds where 27 b^2 = 4 a^3; stable where ``fold`` = 3 x^2 - a > 0."""
    b = sp.Symbol("b", real=True)
    return SimpleNamespace(
        name=name,
        title="cusp catastrophe",
        unknowns=(x,),
        public_unknowns=(x,),
        parameters=(a, b),
        equations={x: x + x**3 - a * x - b},
        implicit=(),
        definitions={},
        observables={},
        spectra={},
        indicators={"fold": 3 * x**2 - a},
        meanings={},
        references=(),
        junctions=(),
        symmetries=(),
        restrict={},
        reports={},
        prepare=None,
    )


def pitchfork():
    """mu^3 = a mu whatever b: the symmetric state is stable for a < 0, its two broken partners for a > 0."""
    b, mu = sp.Symbol("b", real=True), sp.Symbol("mu", real=True)
    model = cusp("pitchfork")
    model.unknowns = model.public_unknowns = (mu,)
    model.indicators = {"breaking": -1 + (1 + a)}
    model.symmetries = ({mu: -mu},)
    model.parameters = (a, b)
    return model


def _state(name, root, stable, indicators, parameters):
    state = FakeSolution.__new__(FakeSolution)
    state.parameters, state.unknowns, state.observables = parameters, {name: root}, {}
    state.error, state.spectra, state.indicators = {name: 1e-15}, {}, indicators
    state.residual, state.status, state.found, state.physical, state.stable = 0.0, "converged", True, True, stable
    return state


def solve_cubic(model, *, find="all", tol=1e-10, **parameters):
    """The interface of ``meanfield.solve`` for `cusp` and `pitchfork`."""
    whole = FakeSolutions()
    whole.points = []
    for a_value, b_value in np.broadcast(parameters["a"], parameters["b"]):
        point = FakeSolutions()
        here = {"a": float(a_value), "b": float(b_value)}
        if model.name == "pitchfork":
            point.append(_state("mu", 0.0, here["a"] < 0, {"breaking": here["a"]}, here))
            if here["a"] > 0:
                point += [_state("mu", s * here["a"] ** 0.5, True, {"breaking": -2 * here["a"]}, here) for s in (1, -1)]
        else:
            roots = np.roots([1.0, 0.0, -here["a"], -here["b"]])
            for root in sorted(roots[np.abs(roots.imag) < 1e-12].real):
                fold = 3 * root**2 - here["a"]
                point.append(_state("x", float(root), fold > 0, {"fold": float(fold)}, here))
        whole.points.append(point)
    return whole


def polish_cubic(model, indicator, free, parameters, starts, tol=1e-10):
    """Zeros of the indicators of `cusp` and `pitchfork` in closed form, on the side where the start is."""
    begin = starts[free]
    if model.name == "pitchfork":
        value = np.zeros_like(begin) if free == "a" else np.full_like(begin, np.nan)
    elif free == "a":
        value = np.cbrt(27 * parameters["b"] ** 2 / 4)
    else:
        # On the fold x = -+ sqrt(a/3), where b = x^3 - a x has the opposite sign of x.
        with np.errstate(invalid="ignore"):
            value = -np.sign(starts["x"]) * np.sqrt(4 * parameters["a"] ** 3 / 27)
        value[np.abs(starts["x"]) < 1e-9] = np.nan
    return Polished(value, np.full_like(begin, 1e-14), np.zeros((len(begin), 1), bool))


def use_closed_forms(monkeypatch):
    """Let diagrams of `cusp` and `pitchfork` be computed by the closed forms above."""
    import importlib

    # Not by dotted name: the package's attributes of these names are the verbs, not the rooms.
    room, phase = importlib.import_module("meanfield.solve"), importlib.import_module("meanfield.diagram.phase")
    monkeypatch.setattr(room, "solve", solve_cubic, raising=False)
    monkeypatch.setattr(phase, "polish", polish_cubic)
