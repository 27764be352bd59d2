"""Tables that cannot be changed, of which a Model is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meanfield.model.checks import as_expression


class FrozenMap(dict[Any, Any]):
    """A dictionary that cannot be changed (and, unlike a mapping proxy, pickles)."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a model is frozen; use model.changed(...) for a copy with other parts")

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = __ior__ = _refuse  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenMap, (dict(self),)


def frozen(value: Any, where: str) -> Any:
    """Tables become frozen, numbers in them SymPy; everything else stays as it is."""
    if isinstance(value, Mapping):
        return FrozenMap({k: frozen(v, f"{where}[{k}]") for k, v in value.items()})
    return as_expression(value, where)
