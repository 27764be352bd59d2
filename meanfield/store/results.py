"""What `solve` returned as a dataset: one dimension per axis of the parameters, as the command's ``--out`` writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.records import per_point, records
from meanfield.store.solutions import dataset

if TYPE_CHECKING:
    import xarray as xr

    from meanfield.solve import Solution, Solutions
    from meanfield.solve.patchwork import Patchwork

__all__ = ["solution_dataset"]


def solution_dataset(result: Solution | Solutions | Patchwork) -> xr.Dataset:
    """Values, claimed errors, statuses and provenance of a `Solution` or of `Solutions`, of one parameter point or of an array.

    A dimension along which one parameter alone varies is called like it. One along which several vary together, or none does,
    is called ``point``, or ``point_0``, ``point_1``..., and those parameters are coordinates over it.
    """
    asked = result.asked
    shape = tuple(result.shape)
    given = {name: np.reshape(values, shape) for name, values in asked.given.items()}
    axes = {_name(k, shape, given): values for k, values in enumerate(_values(shape, given))}
    fixed = {name: float(v.flat[0]) for name, v in given.items() if v.size and not _moves(v)}
    whole = dataset(records(_points(result)), axes, model=asked.model, fixed=fixed, tol=asked.tol)
    others = {name: (tuple(axes), v) for name, v in given.items() if name not in axes and name not in fixed}
    return whole.assign_coords(others)


def _points(result: Any) -> list[list[Any]]:
    """The solutions, point by point; of points in different phases, from the phase that has them."""
    each = [per_point(part)[0] for part in getattr(result, "parts", (result,))]
    return [[one for found in same for one in found] for same in zip(*each, strict=True)]


def _moves(values: np.ndarray) -> list[int]:
    """The dimensions along which an array is not constant."""
    return [k for k in range(values.ndim) if (np.ptp(values, axis=k) > 0).any()]


def _single(k: int, given: Mapping[str, np.ndarray]) -> str | None:
    """The parameter that varies along dimension k and along no other, if there is one only and nothing else varies there."""
    here = [name for name, v in given.items() if k in _moves(v)]
    return here[0] if len(here) == 1 and _moves(given[here[0]]) == [k] else None


def _name(k: int, shape: tuple[int, ...], given: Mapping[str, np.ndarray]) -> str:
    return _single(k, given) or ("point" if len(shape) == 1 else f"point_{k}")


def _values(shape: tuple[int, ...], given: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    out = []
    for k, count in enumerate(shape):
        name = _single(k, given)
        first = tuple(slice(None) if j == k else 0 for j in range(len(shape)))
        out.append(np.arange(count) if name is None else given[name][first])
    return out
