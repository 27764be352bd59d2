"""Published models, one file each. Copy one of them to write your own."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from meanfield.errors import ModelError

if TYPE_CHECKING:
    from meanfield.model import Model

# Model name -> (module of this package, attribute). A module is imported when its model is first asked for.
_LIBRARY = {
    "scs": ("scs", "MODEL"),
    "rank1-stationary": ("rank1_stationary", "MODEL"),
    "rank1-chaotic": ("rank1_chaotic", "MODEL"),
    "rank1-input-stationary": ("rank1_input_stationary", "MODEL"),
    "rank1-input-chaotic": ("rank1_input_chaotic", "MODEL"),
    "kac-rice": ("kac_rice", "MODEL"),
    "kac-rice-single": ("kac_rice", "SINGLE"),
    "kac-rice-action": ("kac_rice_action", "MODEL"),
}

__all__ = ["by_name", "names"]


def names() -> list[str]:
    """Names of all models, in the order of the documentation."""
    return list(_LIBRARY)


def by_name(name: str) -> Model:
    """The model of that name. Raises `ModelError` with the nearest name if there is none."""
    if name not in _LIBRARY:
        close = get_close_matches(str(name), _LIBRARY, 1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(_LIBRARY)}"
        raise ModelError(f"there is no model {name!r}{hint}")
    module, attribute = _LIBRARY[name]
    found: Model = getattr(import_module(f"{__name__}.{module}"), attribute)
    return found
