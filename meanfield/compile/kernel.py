"""The compiled model: residual, Jacobian, claims, parameter derivatives and every named quantity, batched over points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages import Average, DividedDifference
from meanfield.averages.exponentials import absorb_exponentials
from meanfield.averages.kinked import closed_outside_differences, has_kinks, holds_deltas
from meanfield.averages.opaque import seal
from meanfield.averages.passes import parity
from meanfield.averages.scope import nodes, substitute
from meanfield.compile.convergence import refuse_divergent
from meanfield.compile.group import EPS, FINE, TOLERANCES, WORKING, Array
from meanfield.compile.pair_law import PairLaw
from meanfield.compile.plan import NODES, Program, replace_nodes
from meanfield.compile.refinement import squared_errors
from meanfield.compile.rounding import UNITS, function_rounding
from meanfield.compile.scalar_law import ScalarLaw
from meanfield.errors import AverageError, ModelError, ParameterError, brief
from meanfield.model import Model, Spectrum
from meanfield.transfer import Applied


class Kernel:
    """A model as vectorised functions of ``x`` (P, n), its working unknowns, and ``p`` (P, m), its parameters.

    It satisfies the solvers' `Problem` protocol. Programs are generated on first use. data: ``{name: array}`` for models
    that average over a sample.
    """

    def __init__(self, model: Model, data: Mapping[str, Any] | None = None, level: int = WORKING, quick: bool = False) -> None:
        self.model, self.data, self.level, self.quick = model, dict(data or {}), level, quick
        self.unknowns, self.parameters = tuple(model.unknowns), tuple(model.parameters)
        self.names = tuple(s.name for s in self.unknowns)
        self.parameter_names = tuple(s.name for s in self.parameters)
        nonnegative = model.nonnegative or frozenset()
        self.lower = np.array([0.0 if name in nonnegative else -np.inf for name in self.names])
        self.symbols = [*self.unknowns, *self.parameters]
        self._programs: dict[Any, Program] = {}
        self._resolved: dict[sp.Basic, sp.Basic] = {}

    def at(self, level: int, *, quick: bool = False) -> Kernel:
        """The same kernel with another quality of quadrature (programs are shared). quick: claims are the tolerance of the
        quadrature instead of what a finer rule shows; enough to end an iteration, not to be reported."""
        other = Kernel(self.model, self.data, level, quick)
        other._programs, other._resolved = self._programs, self._resolved
        other.__dict__["residuals"] = self.residuals
        return other

    @cached_property
    def residuals(self) -> list[sp.Expr]:
        return [late_passes(e) for e in self.model.residuals]

    def resolved(self, expr: sp.Basic) -> sp.Basic:
        """``model.resolve(expr)``, remembered."""
        if expr not in self._resolved:
            self._resolved[expr] = self.model.resolve(expr)
        return self._resolved[expr]

    def program(self, key: Any, make: Any) -> Program:
        """The program cached under ``key``; ``make()`` gives its expressions."""
        if key not in self._programs:
            program = Program(make(), self.symbols)
            attach_data(program, self.data)
            self._programs[key] = program
        return self._programs[key]

    @property
    def averages(self) -> bool:
        """Whether there are averages in the equations."""
        return bool(self.program("claims", lambda: self.residuals).plan.groups)

    @cached_property
    def sketches(self) -> bool:
        """Whether SKETCH is cheaper than ROUGH: the averages of the equations are smooth, and all over one variable or all over
        pairs."""
        groups = self.program("claims", lambda: self.residuals).plan.groups
        return self.pairs or bool(groups) and all(isinstance(g, ScalarLaw) and g.sketches for g in groups)

    @cached_property
    def pairs(self) -> bool:
        """Whether all averages of the equations are over pairs: the rules for claims then cost several times the others."""
        groups = self.program("claims", lambda: self.residuals).plan.groups
        return bool(groups) and all(isinstance(g, PairLaw) for g in groups)

    def _columns(self, x: Array, p: Array) -> list[Array]:
        return [*np.ascontiguousarray(np.atleast_2d(x).T), *np.ascontiguousarray(np.atleast_2d(p).T)]

    def residual(self, x: Array, p: Array) -> Array:
        """(P, n)."""
        program = self.program("residual", lambda: self.residuals)
        return program.table(self._columns(x, p), self.level)

    def residual_jacobian(self, x: Array, p: Array) -> tuple[Array, Array]:
        """(P, n) and (P, n, n), in one pass over the nodes."""
        n = len(self.unknowns)

        def make() -> list[sp.Expr]:
            return [*self.residuals, *slopes(self.model.residuals, self.unknowns)]

        values = self.program("jacobian", make).table(self._columns(x, p), self.level)
        return values[:, :n], values[:, n:].reshape(-1, n, n)

    def parameter_derivative(self, x: Array, p: Array) -> Array:
        """(P, n, m)."""
        make = lambda: slopes(self.model.residuals, self.parameters)
        values = self.program("parameters", make)(self._columns(x, p), self.level)
        return np.stack(values, axis=1).reshape(-1, len(self.unknowns), len(self.parameters))

    def residual_slopes(self, x: Array, p: Array, index: Sequence[int]) -> tuple[Array, Array, Array]:
        """Residual (P, n), Jacobian (P, n, n) and the derivatives (P, n, k) by the parameters ``index``, in one pass."""
        n, moved = len(self.unknowns), tuple(self.parameters[i] for i in index)

        def make() -> list[sp.Expr]:
            return [*self.residuals, *slopes(self.model.residuals, (*self.unknowns, *moved))]

        values = self.program(("slopes", moved), make).table(self._columns(x, p), self.level)
        jacobian = values[:, n:].reshape(-1, n, n + len(moved))
        return values[:, :n], jacobian[:, :, :n], jacobian[:, :, n:]

    def claims(self, x: Array, p: Array) -> Array:
        """(P, n): bound on the error of the residual, quadrature and rounding."""
        if self.quick:
            return 10 * TOLERANCES[self.level] * (1.0 + np.abs(x))
        return self.refined(x, p)[1]

    def refined(self, x: Array, p: Array, coarse: Array | None = None) -> tuple[Array, Array]:
        """The residual by the FINE rules, and a bound on its error, both (P, n). coarse: the residual by the TIGHT rules, if it is
        known."""
        return self._checked(self.program("claims", lambda: self.residuals), self._columns(x, p), coarse)

    def _checked(self, program: Program, columns: Sequence[Array], known: Array | None = None) -> tuple[Array, Array]:
        """Values of a program by the FINE rules and error bounds: difference of two levels (what averages of known analyticity
        contribute to it counts less, see `squared_errors`), rounding of every average through its sensitivity, rounding of
        the scalar algebra."""
        count = len(program.plan.exprs) if not hasattr(program, "checked") else program.checked
        if not hasattr(program, "checked"):
            _add_sensitivities(program)
        if min(len(c) for c in columns) == 0:
            return np.zeros((0, count)), np.zeros((0, count))
        both = program.twice(columns, known)
        fine, coarse, noise = both.fine, both.coarse, [n for group in both.rounding for n in group]
        value = fine[:, :count]
        sensitivity = fine[:, 3 * count :].reshape(fine.shape[0], count, len(noise))
        # Where a variance vanishes the slope of a normal tail is 0/0, and its rounding none.
        rounded = fine[:, count : 2 * count] + np.nan_to_num(fine[:, 2 * count : 3 * count], nan=0.0, posinf=np.inf)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # of what overflows nothing is known
            difference = value - coarse[:, :count]
            bound = UNITS * EPS * rounded
            for j, n in enumerate(noise):
                bound += np.abs(sensitivity[:, :, j]) * n[:, None]
            for j, left in squared_errors(program.plan.groups, both.finer, both.coarser):
                explained = sensitivity[:, :, j] * left.difference[:, None]
                difference = difference - np.where(np.isfinite(explained), explained, 0.0)
                bound += np.abs(sensitivity[:, :, j] * left.error[:, None])
        return value, np.where(np.isfinite(value), bound + np.abs(difference), np.inf)

    def quantities(self, exprs: Sequence[sp.Expr], x: Array, p: Array) -> tuple[Array, Array]:
        """Values and error bounds (P, Q) of resolved expressions at x, the error of x itself not included."""
        key = ("quantities", tuple(exprs))
        return self._checked(self.program(key, lambda: [late_passes(e) for e in exprs]), self._columns(x, p))

    def gradients(self, exprs: Sequence[sp.Expr], x: Array, p: Array, *, level: int = WORKING) -> Array:
        """Derivatives (P, Q, n) of expressions with respect to the unknowns."""
        make = lambda: slopes(exprs, self.unknowns)
        try:
            values = self.program(("gradients", tuple(exprs)), make)(self._columns(x, p), level)
        except AverageError:  # a derivative that holds squares of delta functions, of averages that have finite slopes
            return self._differences(exprs, x, p)
        return np.stack(values, axis=1).reshape(-1, len(exprs), len(self.unknowns))

    def _differences(self, exprs: Sequence[sp.Expr], x: Array, p: Array) -> Array:
        """Gradients from differences; good enough to carry errors."""
        x = np.atleast_2d(np.asarray(x, dtype=float))
        out = np.empty((len(x), len(exprs), x.shape[1]))
        for j, low in enumerate(self.lower):
            step = 1e-6 * np.maximum(1e-3, np.abs(x[:, j]))
            above, below = x.copy(), x.copy()
            above[:, j] += step
            below[:, j] = np.maximum(below[:, j] - step, low)
            rise = self.values(exprs, above, p, level=FINE) - self.values(exprs, below, p, level=FINE)
            out[:, :, j] = rise / (above - below)[:, j, None]
        return out

    def values(self, exprs: Sequence[sp.Expr], x: Array, p: Array, *, level: int | None = None) -> Array:
        """Values (P, Q) of resolved expressions, without errors."""
        program = self.program(("values", tuple(exprs)), lambda: [late_passes(e) for e in exprs])
        return program.table(self._columns(x, p), self.level if level is None else level)

    def profile(self, coordinate: sp.Symbol, expr: sp.Expr, at: Array, x: Array, p: Array) -> Array:
        """A function of a coordinate at values ``at`` (K,), for every point: (P, K)."""
        key = ("profile", coordinate, expr)
        if key not in self._programs:
            self._programs[key] = Program([late_passes(expr)], [coordinate, *self.symbols])
            attach_data(self._programs[key], self.data)
        x, p, at = np.atleast_2d(x), np.atleast_2d(p), np.asarray(at, dtype=float)
        columns = [np.tile(at, len(x)), *(np.repeat(c, at.size) for c in self._columns(x, p))]
        return self._programs[key](columns, self.level)[0].reshape(len(x), at.size)

    def functions(
        self, coordinate: sp.Symbol, exprs: Sequence[sp.Expr], at: Array, x: Array, p: Array
    ) -> tuple[list[Array], list[Array]]:
        """Functions of a coordinate, at (K,) for all points or (P, K), each point's own, and bounds on their errors, each (P, K);
        the error of x is not included."""
        key = ("functions", coordinate, tuple(exprs))
        if key not in self._programs:
            self._programs[key] = Program([late_passes(e) for e in exprs], [coordinate, *self.symbols])
            attach_data(self._programs[key], self.data)
        columns = self._columns(np.atleast_2d(x), np.atleast_2d(p))
        at = np.broadcast_to(np.atleast_2d(at), (len(columns[0]), np.shape(at)[-1]))
        self._repeated(at.shape[1])
        values, bounds = self._checked(self._programs[key], [at.ravel(), *(np.repeat(c, at.shape[1]) for c in columns)])
        return [v.reshape(at.shape) for v in values.T], [b.reshape(at.shape) for b in bounds.T]

    def _repeated(self, count: int) -> None:
        """Every point comes ``count`` times in what follows; for kernels that look things up by the place of a point."""

    def matrices(self, spectrum: Spectrum, x: Array, p: Array) -> Array:
        """The matrices (P, k, k) of a spectrum, by the finest rules."""
        size = spectrum.matrix.shape[0]
        resolved = tuple(self.model.resolve(e) for e in spectrum.matrix)
        return self.values(resolved, x, p, level=FINE).reshape(-1, size, size)


def late_passes(expr: sp.Expr) -> sp.Expr:
    """Rewrites that depend on the transfer function: parity and exponentials always; closed forms where phi has kinks or grows
    fast."""
    expr = seal(expr)  # what opaque nodes hold is theirs
    for node in nodes(expr, Average, inside=True):
        refuse_divergent(node)  # before parity calls a diverging average zero
    expr = absorb_exponentials(parity(expr))
    tokens = {a.args[0] for n in nodes(expr, (Average, DividedDifference)) for a in nodes(n, Applied, inside=True)}
    if any(t.traits.kinks or t.traits.growth == "exponential" and t.traits.closed1 for t in tokens):
        return closed_outside_differences(expr)
    return expr


def slopes(exprs: Sequence[sp.Expr], symbols: Sequence[sp.Symbol]) -> list[sp.Expr]:
    """Derivatives of expressions, one expression after the other, ready for a program."""
    return [_slope(e, s) for e in exprs for s in symbols]


def _slope(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """One derivative. Where phi has kinks, Price's theorem comes before the closed forms: quotients by a variance that are
    left over from a derivative of a closed form have no value where the variance vanishes."""
    plain = late_passes(expr)
    if plain == expr or not has_kinks(expr):
        return _through_averages(plain, symbol)
    priced = late_passes(expr.diff(symbol))
    return plain.diff(symbol) if holds_deltas(priced) else priced


def _through_averages(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """The derivative by the chain rule: every average is differentiated once, however often it occurs."""
    marked, back, sensitivities = _marked(expr)
    parts = [slope * _average_slope(node, symbol) for node, slope in sensitivities if symbol in node.free_symbols]
    return sp.Add(substitute(marked.diff(symbol), back), *parts)


@lru_cache(maxsize=256)
def _marked(expr: sp.Expr) -> tuple[sp.Expr, dict[sp.Symbol, sp.Expr], list[tuple[sp.Expr, sp.Expr]]]:
    """An expression with symbols for its averages, what they stand for, and its derivatives by the averages."""
    marks = {n: sp.Dummy(real=True) for n in dict.fromkeys(nodes(expr, NODES))}
    marked, back = replace_nodes(expr, marks), {m: n for n, m in marks.items()}
    return marked, back, [(n, substitute(marked.diff(m), back)) for n, m in marks.items()]


@lru_cache(maxsize=4096)
def _average_slope(node: sp.Basic, symbol: sp.Symbol) -> sp.Expr:
    return node.diff(symbol)


def _add_sensitivities(program: Program) -> None:
    """Append to a program, value by value, a bound on its rounding (sizes of its terms, steepness of its functions) and its
    derivatives by every average."""
    plan = program.plan
    outputs = [s for group in plan.groups for s in group.outputs]
    exprs = list(plan.exprs)
    sizes = [sp.Add(*(sp.Abs(t) for t in sp.Add.make_args(e))) for e in exprs]
    plan.exprs = [*exprs, *sizes, *map(function_rounding, exprs), *(e.diff(s) for e in exprs for s in outputs)]
    program.checked = len(exprs)  # type: ignore[attr-defined]
    program.functions.clear()


def attach_data(program: Program, data: Mapping[str, Any]) -> None:
    """Hand data arrays to the groups that average over them."""
    from meanfield.compile.sample import Sample, SampleLaw

    for group in program.plan.groups:
        if isinstance(group, SampleLaw):
            if group.name not in data:
                raise ParameterError(
                    f"this model averages over data {group.name!r}; give it as an array of shape (N,) or (points, N)"
                )
            given = data[group.name]
            group.data = given if isinstance(given, Sample) else np.asarray(given, dtype=float)


@lru_cache(maxsize=128)
def _cached(model: Model) -> Kernel:
    if model.scheme is None:
        return Kernel(model)
    from meanfield.compile.schemes import SchemeKernel

    return SchemeKernel(model)


def compile(model: Model, data: Mapping[str, Any] | None = None, *, scheme: Any = None) -> Kernel:
    """The kernel of a model (`ModelError` for anything else); kernels without data are cached per model object.

    scheme: see `meanfield.solve.solve`.
    """
    if not isinstance(model, Model):
        raise ModelError(f"compile needs a Model, got {brief(model)}")
    if scheme is not None:
        from meanfield.compile.schemes import with_scheme

        return _cached(with_scheme(model, scheme))
    return Kernel(model, data) if data else _cached(model)
