"""What solving returns: one state with its errors (`Solution`), or all of them (`Solutions`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from meanfield.compile import Kernel
from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.model.checks import is_quantity, name_of, nearest
from meanfield.solve import judge
from meanfield.solve.claims import carried
from meanfield.solve.existence import check_converges
from meanfield.solve.printing import html, line
from meanfield.solve.problem import Array
from meanfield.solve.rows import Rows
from meanfield.solve.status import Status

if TYPE_CHECKING:
    import xarray as xr


class Errors(Mapping[str, Any]):
    """Claimed absolute errors by name; those of observables are computed when they are asked for."""

    def __init__(self, solution: Solution) -> None:
        self._solution = solution

    def __getitem__(self, name: str | sp.Symbol) -> Any:
        name = name_of(name)
        if name in self._solution.kernel.model.spectra:
            return self._solution.spectrum_errors[name]
        return self._solution._quantity(name)[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._solution._names)

    def __len__(self) -> int:
        return len(self._solution._names)


@dataclass(frozen=True)
class Asked:
    """What was solved: the model, the parameters that were given, ``{name: values (P,)}`` at the flat points, and the tolerance."""

    model: Model
    given: Mapping[str, Array]
    tol: float


class Saved:
    """What can be saved: it says what was asked for, ``asked``."""

    asked: Any

    def to_dataset(self) -> xr.Dataset:
        """Everything as an xarray dataset: values, claimed errors, statuses, provenance (see `meanfield.store`)."""
        from meanfield.store import solution_dataset  # the room above, asked when it is wanted

        return solution_dataset(self)  # type: ignore[arg-type]

    def to_netcdf(self, path: str | Path) -> None:
        """Save everything to the netCDF file ``path``; `meanfield.store.load` opens it again as a dataset."""
        from meanfield.store import save

        save(self.to_dataset(), path)


@dataclass(eq=False)
class Solution(Saved):
    """A state at one parameter point, or one state for every point of a grid (then every value is an array of its shape,
    NaN where nothing was found).

    ``s["mu"]`` is an unknown, observable, indicator or parameter; ``s.error["mu"]`` its claimed error. ``status`` is a
    `Status` whose text is a sentence; ``residual`` and ``condition`` are numbers; ``physical`` and ``stable`` are True,
    False, or None where the question has no meaning.
    """

    kernel: Kernel
    rows: Rows
    p: Array
    shape: tuple[int, ...]
    given: dict[str, Array]
    why: dict[int, str] = field(default_factory=dict)
    precise: dict[str, Any] = field(default_factory=dict)
    tol: float = 1e-10

    @cached_property
    def _cache(self) -> dict[Any, tuple[Any, Any]]:
        return {}

    @property
    def asked(self) -> Asked:  # type: ignore[override]
        """What was solved."""
        return Asked(self.kernel.model, self.given, self.tol)

    @property
    def _names(self) -> list[str]:
        model = self.kernel.model
        return list(dict.fromkeys([*(s.name for s in model.public_unknowns), *model.observables, *model.indicators]))

    @property
    def _at(self) -> Array:
        return self.p[self.rows.owner]

    def _spread(self, values: Array, fill: Any = np.nan) -> Any:
        """Row values as a number or an array of the grid's shape."""
        if self.shape == ():
            if len(values) == 0:
                return fill
            one = values[0]
            return one.item() if isinstance(one, np.generic) else one
        out = np.full(
            (int(np.prod(self.shape)), *np.shape(values)[1:]), fill, dtype=np.asarray(values).dtype if len(values) else float
        )
        out[self.rows.owner.astype(np.intp)] = values
        return out.reshape(*self.shape, *out.shape[1:])

    def _quantity(self, name: str) -> tuple[Any, Any]:
        if name in self.precise:
            return self.precise[name]
        if name not in self._cache:
            model = self.kernel.model
            place = {s.name: i for i, s in enumerate(model.parameters)}
            if name in place:
                column = self._at[:, place[name]]
                self._cache[name] = self._spread(column), self._spread(np.zeros_like(column))
            elif name in self.kernel.names:
                i = self.kernel.names.index(name)
                self._cache[name] = self._spread(self.rows.x[:, i]), self._spread(self.rows.error[:, i])
            else:
                self._compute([name])
        return self._cache[name]

    def _compute(self, names: Sequence[str]) -> None:
        """Values and claims of named quantities: their own error, and the state's error through their gradient."""
        model = self.kernel.model
        exprs = tuple(model.named(n) for n in names)
        if len(self.rows.owner) == 0:
            for n in names:
                self._cache[n] = self._spread(np.zeros(0)), self._spread(np.zeros(0))
            return
        value, own = self.kernel.quantities(exprs, self.rows.x, self._at)
        if self.shape == () and not np.isfinite(value).all():
            check_converges(exprs, model, self.rows.x[0], self._at[0])
        error = own + carried(self.kernel.gradients(exprs, self.rows.x, self._at), self.rows.error)
        for k, n in enumerate(names):
            self._cache[n] = self._spread(value[:, k]), self._spread(error[:, k])

    def __getitem__(self, name: str | sp.Symbol) -> Any:
        """A quantity by its name or symbol."""
        name = name_of(name)
        try:
            return self._quantity(name)[0]
        except ParameterError:
            if name in self.kernel.model.spectra:
                return self.spectra[name]
            if name in self.given:
                return self._spread(self.given[name][self.rows.owner.astype(np.intp)])
            raise

    def __contains__(self, name: str | sp.Symbol) -> bool:
        """Whether there is a quantity of that name or symbol."""
        name, model = name_of(name), self.kernel.model
        return name in self.given or name in model.spectra or is_quantity(model, name)

    @property
    def error(self) -> Errors:
        """Claimed absolute errors by name."""
        return Errors(self)

    @property
    def errors(self) -> dict[str, Any]:
        """Claimed errors of the unknowns."""
        return {name: self.error[name] for name in self.unknowns}

    @property
    def unknowns(self) -> dict[str, Any]:
        """The model's public unknowns."""
        return {s.name: self[s.name] for s in self.kernel.model.public_unknowns}

    def _table(self, names: Sequence[str]) -> dict[str, Any]:
        missing = [n for n in names if n not in self._cache and n not in self.precise and n not in self.kernel.names]
        if missing:
            self._compute(missing)
        return {n: self[n] for n in names}

    @property
    def observables(self) -> dict[str, Any]:
        """All observables."""
        return self._table(list(self.kernel.model.observables))

    @property
    def indicators(self) -> dict[str, Any]:
        """All indicators: a simple zero of one is a phase boundary."""
        return self._table(list(self.kernel.model.indicators))

    def foresee(self) -> None:
        """Observables and indicators in one pass, for a caller who wants both."""
        model = self.kernel.model
        self._table([*model.observables, *model.indicators])

    @cached_property
    def spectra(self) -> dict[str, Any]:
        """Eigenvalues of the model's small matrices: an array of complex numbers each, sorted by falling real part."""
        found = judge.spectra(self.kernel, self.rows.x, self._at, self.rows.error) if self._any else {}
        return self._padded(found, np.nan + 0j)

    @cached_property
    def spectrum_errors(self) -> dict[str, Any]:
        """The claimed absolute errors of `spectra`, real numbers: how far each eigenvalue may be off in the complex plane."""
        found = judge.spectrum_errors(self.kernel, self.rows.x, self._at, self.rows.error) if self._any else {}
        return self._padded(found, np.nan)

    def _padded(self, found: dict[str, list[Array]], fill: Any) -> dict[str, Any]:
        """Arrays of different lengths, point by point, as one array; at a single point as they are."""
        if self.shape == ():
            return {name: values[0] for name, values in found.items()}
        out = {}
        for name, values in found.items():
            width = max(map(len, values))
            padded = np.array([np.concatenate([v, np.full(width - len(v), np.nan)]) for v in values])
            out[name] = self._spread(padded, fill=fill)
        return out

    def profile(self, name: str, at: Any) -> Any:
        """A profile of the model, such as density(y), at values (K,) of its coordinate: shape (K,), or grid shape + (K,)."""
        symbol, expr, points = self._profile(name, at)
        return self._rows_of(self.kernel.profile(symbol, expr, points, self.rows.x, self._at))

    def profile_error(self, name: str, at: Any) -> Any:
        """The claimed errors of `profile`: its own, and what the errors of the unknowns do to it."""
        return self._rows_of(self._with_errors(*self._profile(name, at))[1])

    def _profile(self, name: str, at: Any) -> tuple[Any, Any, np.ndarray]:
        model = self.kernel.model
        if name not in model.profiles:
            raise ParameterError(
                f"{model.name or model.title} has no profile {name!r}{nearest(name, model.profiles)} "
                f"(it has {', '.join(model.profiles) or 'none'})"
            )
        symbol, expr = model.profiles[name]
        return symbol, model.resolve(expr), np.atleast_1d(np.asarray(at, dtype=float))

    def _with_errors(self, symbol: Any, expr: Any, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A function of a coordinate at points (K,), and its errors, for every solution: (P, K)."""
        kernel, x = self.kernel, self.rows.x
        (value,), (error,) = kernel.functions(symbol, [expr], points, x, self._at)
        for i, unknown in enumerate(kernel.unknowns):
            if (slope := expr.diff(unknown)) != 0:
                error = error + np.abs(kernel.profile(symbol, slope, points, x, self._at)) * self.rows.error[:, i, None]
        return value, error

    def _rows_of(self, values: np.ndarray) -> Any:
        return self._spread(values) if self.shape else values[0]

    @property
    def found(self) -> Any:
        """Whether there is a solution."""
        if self.shape == ():
            return bool(len(self.rows.owner))
        return self._spread(np.ones(len(self.rows.owner), dtype=bool), fill=False)

    @property
    def status(self) -> Any:
        """A `Status`, or an object array of them."""
        statuses = np.array([Status.from_code(c) for c in self.rows.status], dtype=object)
        return self._spread(statuses, fill=Status.NO_SOLUTION) if len(statuses) or self.shape else Status.NO_SOLUTION

    @property
    def residual(self) -> Any:
        """Largest residual at the solution."""
        return self._spread(self.rows.residual)

    @property
    def condition(self) -> Any:
        """Condition number of the Jacobian in scaled unknowns."""
        return self._spread(self.rows.condition)

    @cached_property
    def physical(self) -> Any:
        """True, False, or None where the model does not ask."""
        return self._flag(
            judge.holds(self.kernel, self.kernel.model.physical, self.rows.x, self._at, strict=False) if self._any else None
        )

    @cached_property
    def stable(self) -> Any:
        """True, False, or None where the model does not ask, or where it cannot be told: on a kink of phi where nothing varies, and
        for one of a continuous family, along which it is neutral."""
        flags = judge.stability(self.kernel, self.rows.x, self._at, self.rows.error) if self._any else None
        if flags is None:
            return None
        unknown = judge.undecided(self.kernel, self.rows.x, self._at, self.rows.error) | (self.rows.status == Status.FAMILY.code)
        return self._flag(np.where(unknown, None, flags) if unknown.any() else flags)

    @property
    def _any(self) -> bool:
        return len(self.rows.owner) > 0

    def _flag(self, flags: Any) -> Any:
        if flags is None:
            return None
        return (None if flags[0] is None else bool(flags[0])) if self.shape == () else self._spread(flags, fill=False)

    @property
    def parameters(self) -> dict[str, Any]:
        """What was given, point by point."""
        if self.shape == ():
            return {name: float(values[0]) for name, values in self.given.items()}
        return {name: values.reshape(self.shape) for name, values in self.given.items()}

    def __repr__(self) -> str:
        return line(self)

    def _repr_html_(self) -> str | None:
        """What Jupyter shows: a table of a single state, and of a grid the line."""
        if self.shape:
            return None
        return html([self] if self.found else [], "; ".join(self.why.values()) or str(self.status))


class Solutions(Saved, Sequence[Solution]):
    """All solutions at one parameter point; for a grid, ``points`` has them point by point (flat) and ``shape`` its shape.

    ``why``: a sentence if there is none. ``asked``: what was solved.
    """

    def __init__(
        self,
        found: Sequence[Solution],
        why: str = "",
        points: Sequence[Solutions] = (),
        shape: tuple[int, ...] = (),
        asked: Asked | None = None,
    ) -> None:
        self._found, self.why, self.shape, self.asked = list(found), why, shape, asked
        self.points = list(points) or [self]

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, i: Any) -> Any:
        return self._found[i]

    def __repr__(self) -> str:
        if self.shape:
            return f"<Solutions: {len(self)} at points of the shape {self.shape}>"
        if not self._found:
            return f"<Solutions: none ({self.why})>"
        return "<Solutions:\n" + "\n".join(f"  {one!r}" for one in self._found) + ">"

    def _repr_html_(self) -> str | None:
        """What Jupyter shows: a table of the states of a single point, and of a grid the line."""
        return None if self.shape else html(self._found, self.why)
