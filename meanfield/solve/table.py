"""Tables of arrays: what the solvers pass to one another, one row per root, start or point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from meanfield.solve.problem import rows_of


@dataclass(frozen=True)
class Table:
    """A record all of whose fields are arrays with the same number of rows."""

    def take(self, rows: Any) -> Self:
        """The rows that an index array or a mask selects."""
        return type(self)(**{f.name: rows_of(getattr(self, f.name), rows) for f in fields(self)})

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All rows, in order."""
        return cls(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)})
