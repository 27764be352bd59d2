"""What `solve` was asked for, checked: a model, a transfer function, starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from meanfield.errors import ParameterError, TransferError
from meanfield.model import Model
from meanfield.model.checks import nearest
from meanfield.solve.problem import Array

__all__ = ["transfer_from", "starts_from"]


def transfer_from(transfer: Any) -> Any:
    """The transfer function given as itself, by its name, or as a table ``{old: new}`` of such. Raises `TransferError`."""
    from meanfield.transfer import Transfer, by_name

    if isinstance(transfer, Mapping):
        return {old: transfer_from(new) for old, new in transfer.items()}
    if isinstance(transfer, Transfer):
        return transfer
    if isinstance(transfer, str):
        return by_name(transfer)
    what = getattr(transfer, "__name__", None) or repr(transfer)
    raise TransferError(
        f"transfer must be the name of a transfer function or a Transfer, got {what}; for one of your own write "
        "transfer=mf.transfer.custom('mine', lambda x: ...) with SymPy's functions"
    )


def starts_from(model: Model, starts: Any) -> Array:
    """Starts (S, n) in the order of the model's working unknowns, from such an array, from one start (n,), or from tables
    ``{unknown: value}``. Raises `ParameterError`."""
    names = [s.name for s in model.unknowns]
    order = f"starts are arrays (S, {len(names)}) of the unknowns in the order {', '.join(names)}, or tables {{unknown: value}}"
    if isinstance(starts, Mapping):
        starts = [starts]
    if isinstance(starts, Sequence) and len(starts) and all(isinstance(s, Mapping) for s in starts):
        starts = [_row(table, names, order) for table in starts]
    try:
        array = np.atleast_2d(np.asarray(starts, dtype=float))
    except (TypeError, ValueError):
        raise ParameterError(f"{order}; got {starts!r}") from None
    if array.ndim != 2 or array.shape[1] != len(names) or not len(array):
        raise ParameterError(f"{order}; got an array of shape {np.shape(starts)}")
    if not np.isfinite(array).all():
        row, column = np.argwhere(~np.isfinite(array))[0]
        raise ParameterError(f"{order}; start {row} has {names[column]} = {array[row, column]}, which is no number")
    return array


def _row(table: Mapping[Any, Any], names: Sequence[str], order: str) -> list[Any]:
    given = {s.name if isinstance(s, sp.Symbol) else str(s): value for s, value in table.items()}
    for name in given:
        if name not in names:
            raise ParameterError(f"a start names {name!r}{nearest(name, names)}; {order}")
    for name in names:
        if name not in given:
            raise ParameterError(f"a start leaves out {name!r}; {order}")
    return [given[name] for name in names]
