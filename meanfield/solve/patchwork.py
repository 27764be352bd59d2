"""One state for every point of a grid whose points lie in different phases: joined tables of several models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from meanfield.errors import ParameterError
from meanfield.solve.solution import Asked, Saved, Solution
from meanfield.solve.status import Status


class Patchwork(Saved):
    """Looks like a `Solution` on a grid; each point's values come from the phase that it lies in.

    Quantities that only one phase has are NaN in the other.
    """

    def __init__(self, parts: Sequence[Solution]) -> None:
        self.parts = list(parts)
        self.shape = parts[0].shape
        self.asked: Asked = parts[0].asked

    def _joined(self, values: Sequence[Any], fill: Any = np.nan) -> Any:
        dtype = np.result_type(*(np.asarray(v).dtype for v in values)) if fill is np.nan else np.asarray(values[0]).dtype
        out = np.full(self.shape, fill, dtype=dtype)
        for part, value in zip(self.parts, values, strict=True):
            out[part.found] = np.asarray(value)[part.found]
        return out

    def _quantity(self, name: str, error: bool) -> Any:
        values, known = [], False
        for part in self.parts:
            try:
                values.append(part.error[name] if error else part[name])
                known = True
            except ParameterError as missing:
                values.append(np.full(self.shape, np.nan))
                why = missing
        if not known:
            raise why
        return self._joined(values)

    def __getitem__(self, name: str) -> Any:
        return self._quantity(name, error=False)

    @property
    def error(self) -> Mapping[str, Any]:
        return _Errors(self)

    @property
    def found(self) -> Any:
        return np.logical_or.reduce([part.found for part in self.parts])

    @property
    def status(self) -> Any:
        return self._joined([part.status for part in self.parts], fill=Status.NO_SOLUTION)

    @property
    def physical(self) -> Any:
        return self._flags("physical")

    @property
    def stable(self) -> Any:
        return self._flags("stable")

    def _flags(self, name: str) -> Any:
        flags = [getattr(part, name) for part in self.parts]
        return self._joined([np.full(self.shape, f, dtype=object) for f in flags], fill=None)

    def __getattr__(self, name: str) -> Any:
        if name in ("residual", "condition"):
            return self._joined([getattr(part, name) for part in self.parts])
        if name in ("unknowns", "observables", "indicators", "errors"):
            names = dict.fromkeys(key for part in self.parts for key in getattr(part, name))
            return {key: self._quantity(key, error=name == "errors") for key in names}
        if name == "parameters":
            return self.parts[0].parameters
        raise AttributeError(f"a solution that spans several phases has no {name!r}; use find='all' and look at its points")


class _Errors(Mapping[str, Any]):
    def __init__(self, whole: Patchwork) -> None:
        self._whole = whole

    def __getitem__(self, name: str) -> Any:
        return self._whole._quantity(name, error=True)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for part in self._whole.parts for name in part.error))

    def __len__(self) -> int:
        return len(list(iter(self)))
