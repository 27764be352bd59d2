"""The Model: equations as data. Frozen; nothing here solves or computes numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import sympy as sp

from meanfield.averages.scope import substitute
from meanfield.declarations import declared_nonnegative
from meanfield.errors import ModelError
from meanfield.model.checks import check_model, nearest
from meanfield.model.conditional import ConditionalSymmetry
from meanfield.model.forms import check_forms
from meanfield.model.frozen import frozen
from meanfield.model.motion import Motion

if TYPE_CHECKING:
    from meanfield.transfer import Transfer


PER_NEURON = "N_"  # a profile ``N_f`` over data is N times the derivative by the activity of one neuron: ``f`` is one at the data


@dataclass(frozen=True)
class Spectrum:
    """A small matrix whose eigenvalues matter, such as the 2 x 2 system of outliers.

    ``at_zero = (unknown, matrix)`` replaces the matrix where that unknown vanishes (there a mode may not exist).
    """

    matrix: sp.ImmutableMatrix
    at_zero: tuple[sp.Expr, sp.ImmutableMatrix] | None = None


@dataclass(frozen=True)
class Seed:
    """Starts taken from every solution of another model: where ``where`` >= 0, begin at ``start``.

    ``where`` and the values of ``start`` are written in the other model's unknowns, observables and parameters.
    """

    model: Model
    start: Mapping[sp.Symbol, sp.Expr]
    where: sp.Expr | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", frozen(self.start, "start of a seed"))


@dataclass(frozen=True)
class Later:
    """A model that is made when it is needed: two models that join one another cannot both be written first.

    ``make()`` returns it; ``changes`` are applied to it in turn. The same object every time.
    """

    make: Callable[[], Model]
    changes: tuple[Callable[[Model], Model], ...] = ()

    def __call__(self) -> Model:
        return _made(self)

    def then(self, change: Callable[[Model], Model]) -> Later:
        """The same with one change more."""
        return Later(self.make, (*self.changes, change))


@lru_cache(maxsize=256)
def _made(later: Later) -> Model:
    model = later.make()
    for change in later.changes:
        model = change(model)
    return model


@dataclass(frozen=True)
class Junction:
    """Two phases that join: ``model`` describes the phase on the other side of ``condition`` = 0 (this one where it is > 0).

    ``arrive`` gives the other model's unknowns at the junction in terms of this model's. With ``follow``, points where this
    model has no solution are solved in the other phase.
    """

    model: Model | Later
    condition: sp.Expr
    arrive: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    follow: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "arrive", frozen(self.arrive, "arrival at a junction"))

    @property
    def phase(self) -> Model:
        """The model on the other side."""
        return self.model() if isinstance(self.model, Later) else self.model

    def elsewhere(self, change: Callable[[Model], Model]) -> Model | Later:
        """The model on the other side with a change, made later if it is itself made later."""
        return self.model.then(change) if isinstance(self.model, Later) else change(self.model)


@dataclass(frozen=True)
class Requirement:
    """What a transfer function must satisfy for the equations to hold; ``sentence`` says it and what to use instead."""

    holds: Callable[[Transfer], bool]
    sentence: str


@dataclass(frozen=True)
class Preparation:
    """How a user's keywords become the parameters of the model, where these are not the same.

    ``accepts``: names that may be given besides (or instead of) the model's own parameters. ``function`` takes what was
    given, ``{name: array}``, and returns ``{name: array}`` with names of the model's parameters only; it raises
    `ParameterError` where the values contradict one another. Defaults are filled in after it. ``formulas``: the same in
    symbols, ``{parameter: expression in what may be given}`` (see `meanfield.conditions.written_out`).
    """

    accepts: tuple[str, ...]
    function: Callable[[Mapping[str, Any]], dict[str, Any]]
    formulas: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "formulas", frozen(self.formulas, "formulas of a preparation"))


@dataclass(frozen=True, eq=False)
class Model:
    """A mean-field model.

    title: one line in words. equations: ``{unknown: right side}``, the self-consistency in fixed-point form;
    implicit: further expressions that vanish. There must be as many equations as unknowns.
    definitions: named sub-expressions, in order, usable in everything after them. unknowns and parameters: in order;
    by default the keys of ``equations`` and, sorted, every other free symbol. observables, indicators (a simple zero is a
    phase boundary): ``{name: expression}``. on_request: further observables, which cost so much that they are computed only
    where they are named. motion: the equation of motion of the autocovariance, see `Motion`.
    profiles: ``{name: (coordinate, expression)}``. spectra: `Spectrum` by name.
    accept: conditions ``{sentence: expression >= 0}`` without which a root is no solution; they may contain the coordinate
    ``s`` and must then hold for all s in (0, 1). refuse: ``{sentence: expression}`` that vanishes, within its claimed error,
    only at degenerate roots, which are no solutions either. absent: ``{sentence: expression in the parameters}``, why there is no
    solution, said where none is found and the expression is >= 0. physical (>= 0) and stable (> 0, with all spectra below 1):
    likewise, but they only label; ``physical=None`` and ``stable=None`` say that the question has no meaning here. A model with
    neither stability conditions nor spectra is judged by its dynamics, ``{unknown: its time derivative}`` for all of them, if it
    declares any; with none of the three no solution is called stable or unstable.
    nonnegative: names of unknowns and parameters that may not be negative, ``"g Delta_0"``; by default those that the code which
    builds the model declared so.
    restrict: ``{indicator: {unknown: value}}`` where an indicator is meant only on an invariant subspace (kappa = 0),
    in which its boundary is found. defaults: values of parameters that need not be given; prepare: see `Preparation`.
    phase: what a state of this model is called in a phase diagram, "one fixed point" (default: its name).
    best_first: for sigmoids, the first of the starts that leads to a stable solution (to any, where none is called stable) leads to
    the one that ``find="one"`` returns, on its boundaries too; without this promise all solutions are found to choose it from.
    delicate: near critical points the equations are so ill-conditioned that a search with rough quadrature finds nothing.
    reach: how far a search for all solutions goes, in units of the largest start.
    scheme: a fixed quadrature rule in the place of chosen ones (see `meanfield.compile.schemes`).
    symmetries: maps ``{unknown: expression}`` that send solutions to solutions; conditional_symmetries: those that do so only where
    some parameters are 0, see `ConditionalSymmetry`. starts: where solving begins, expressions
    in the parameters (and in unknowns that the same start sets to numbers). reports: public unknowns as expressions of the
    working ones (see `meanfield.conditions.change_unknowns`). Raises `ModelError` if the parts do not fit together.
    """

    title: str
    equations: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    implicit: Sequence[sp.Expr] = ()
    definitions: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    unknowns: Sequence[sp.Symbol] = ()
    parameters: Sequence[sp.Symbol] = ()
    observables: Mapping[str, sp.Expr] = field(default_factory=dict)
    on_request: Mapping[str, sp.Expr] = field(default_factory=dict)
    profiles: Mapping[str, tuple[sp.Symbol, sp.Expr]] = field(default_factory=dict)
    spectra: Mapping[str, Spectrum] = field(default_factory=dict)
    indicators: Mapping[str, sp.Expr] = field(default_factory=dict)
    accept: Mapping[str, sp.Expr] = field(default_factory=dict)
    refuse: Mapping[str, sp.Expr] = field(default_factory=dict)
    absent: Mapping[str, sp.Expr] = field(default_factory=dict)
    physical: Mapping[str, sp.Expr] | bool | None = field(default_factory=dict)
    stable: Mapping[str, sp.Expr] | bool | None = field(default_factory=dict)
    symmetries: Sequence[Mapping[sp.Symbol, sp.Expr]] = ()
    conditional_symmetries: Sequence[ConditionalSymmetry] = ()
    starts: Sequence[Mapping[sp.Symbol, sp.Expr]] = ()
    seeds: Sequence[Seed] = ()
    junctions: Sequence[Junction] = ()
    requires: Sequence[Requirement] = ()
    reports: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    defaults: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    restrict: Mapping[str, Mapping[sp.Symbol, sp.Expr]] = field(default_factory=dict)
    prepare: Preparation | None = None
    meanings: Mapping[sp.Symbol, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    references: Sequence[str] = ()
    name: str = ""
    phase: str = ""
    data: Sequence[str] = ()
    dynamics: Mapping[sp.Symbol, sp.Expr] | None = None
    network: Any = None
    motion: Motion | None = None
    best_first: bool = False
    delicate: bool = False
    reach: float = 8.0
    scheme: Any = None
    nonnegative: frozenset[str] | str | None = None

    def __post_init__(self) -> None:
        check_forms(self)
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        where = f"model {self.name or self.title!r}"
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, Mapping):
                put(f.name, frozen(value, f"{where}, {f.name}"))
            elif isinstance(value, Sequence) and not isinstance(value, str):
                put(f.name, tuple(frozen(v, f"{where}, {f.name}") for v in value))
        put("unknowns", self.unknowns or tuple(self.equations or self.dynamics or ()))
        if not self.parameters:
            put("parameters", tuple(sorted(self._free() - set(self.unknowns), key=lambda s: s.name)))
        put("nonnegative", self._domain())
        check_model(self)

    def _domain(self) -> frozenset[str]:
        """The names that are not negative: as given, in words too, or as the code that builds the model declared them."""
        names = [s.name for s in (*self.unknowns, *self.parameters)]
        if self.nonnegative is None:
            return declared_nonnegative(names)
        if not isinstance(self.nonnegative, str):
            return frozenset(self.nonnegative)
        given = frozenset(self.nonnegative.split())
        strange = sorted(given - set(names))
        if strange:
            raise ModelError(
                f"model {self.name or self.title!r}: nonnegative names {', '.join(strange)}{nearest(strange[0], names)} "
                f"(its unknowns and parameters are {', '.join(names)})"
            )
        return given

    def _free(self) -> set[sp.Symbol]:
        """Free symbols of equations, definitions, indicators and dynamics that are not themselves definitions."""
        used = [*self.equations.values(), *self.implicit, *self.definitions.values(), *self.indicators.values()]
        used += (self.dynamics or {}).values()
        found = set().union(*(e.free_symbols for e in used))
        return {s for s in found if isinstance(s, sp.Symbol)} - set(self.definitions)

    def resolve(self, expr: sp.Basic) -> sp.Basic:
        """``expr`` with definitions replaced by their values: a function of unknowns and parameters only."""
        for name, value in reversed(list(self.definitions.items())):
            expr = substitute(expr, {name: value})
        return expr

    @cached_property
    def residuals(self) -> tuple[sp.Expr, ...]:
        """Expressions that vanish at a solution, definitions resolved: ``unknown - right side`` first, then implicit ones."""
        return (*(self.resolve(u - rhs) for u, rhs in self.equations.items()), *(self.resolve(e) for e in self.implicit))

    @property
    def labels_stability(self) -> bool:
        """Whether the model says which solutions are stable: by conditions, spectra or dynamics, or once for all of them."""
        if isinstance(self.stable, bool):
            return True
        return self.stable is not None and (bool(self.stable) or bool(self.spectra) or self.rates is not None)

    @cached_property
    def rates(self) -> tuple[sp.Expr, ...] | None:
        """Time derivatives of the unknowns, in order, definitions resolved; None if the model does not declare them."""
        if self.dynamics is None:
            return None
        return tuple(self.resolve(self.dynamics[u]) for u in self.unknowns)

    @property
    def public_unknowns(self) -> tuple[sp.Symbol, ...]:
        """The unknowns that results carry."""
        return tuple(self.reports) or tuple(self.unknowns)

    @property
    def per_neuron(self) -> tuple[str, ...]:
        """Names of quantities that solutions for given data have for every neuron, such as ``gradient``."""
        names = (name.removeprefix(PER_NEURON) for name in self.profiles if name.startswith(PER_NEURON))
        return tuple(names) if self.data else ()

    @cached_property
    def transfers(self) -> tuple[Transfer, ...]:
        """Transfer functions that occur in the equations."""
        from meanfield.averages.scope import nodes
        from meanfield.transfer import Applied

        found = {n.args[0]: None for e in self.residuals for n in nodes(e, Applied, inside=True)}
        return tuple(found)

    def named(self, name: str) -> sp.Expr:
        """Expression of an observable, indicator, definition, unknown or parameter by its name, definitions resolved."""
        from meanfield.model.checks import lookup

        return self.resolve(lookup(self, name))

    def asking(self, *names: str) -> Model:
        """The model with observables that are computed on request, such as lambda_max, among its indicators, so that their zeros
        are events along branches and boundaries in diagrams. Raises `ParameterError` for a name that it does not have."""
        from meanfield.model.checks import requested

        asked = {name: requested(self, name) for name in names}
        rest = {name: e for name, e in self.on_request.items() if name not in asked}
        return replace(self, indicators={**self.indicators, **asked}, on_request=rest)

    def with_transfer(self, table: Mapping[Transfer, Transfer] | Transfer | str) -> Model:
        """The model with another transfer function, ``{old: new}``, or just the new one, or its name, if the model has only one.

        Symmetries that held by parity are checked again and dropped if they fail. Raises `ModelError`, with the reason,
        where the equations do not hold for the new function.
        """
        from meanfield.model.exchange import with_transfer

        return with_transfer(self, table)

    def changed(self, **parts: Any) -> Model:
        """A copy with some fields replaced (checked anew)."""
        return replace(self, **parts)

    def _repr_latex_(self) -> str:
        from meanfield.model.printing import latex

        return latex(self)

    def __str__(self) -> str:
        from meanfield.model.printing import text

        return text(self)

    def __repr__(self) -> str:
        unknowns, parameters = ([s.name for s in listed] for listed in (self.public_unknowns, self.parameters))
        return f"Model({self.name or self.title!r}, unknowns={unknowns}, parameters={parameters})"
