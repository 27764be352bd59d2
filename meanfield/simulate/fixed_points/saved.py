"""A search on the disk: a netCDF file of what was finished when a call ended, and a journal of what came after."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from meanfield.errors import ParameterError
from meanfield.simulate.fixed_points.levenberg import Array, System
from meanfield.simulate.fixed_points.record import FixedPoints
from meanfield.simulate.journal import Journal

__all__ = ["Saved"]


class Saved:
    """The file ``path`` and beside it ``path.part``, which grows block by block and goes when the netCDF file is written."""

    def __init__(self, path: str | Path, system: System, origin: str) -> None:
        self.path, self.system, self.origin = Path(path), system, origin
        self.journal = Journal(self.path.with_name(self.path.name + ".part"))
        self._mark = _fingerprint(system, origin)

    def blocks(self) -> Iterator[tuple[NDArray[np.int32], Array]]:
        """Outcomes of consecutive starts, and the fixed points that are new in them. Raises `ParameterError` for another search."""
        known = 0
        if self.path.exists():
            from meanfield.store.fixed_points import load_fixed_points

            found = load_fixed_points(self.path, self.system.phi)
            self._check(_fingerprint(found.system, found.origin))
            known = found.starts
            yield found.outcomes, found.representatives
        for record in self.journal.records():
            self._check(int(record["mark"]))
            if record["begin"] >= known:  # the journal outlives the netCDF file's writing for a moment
                yield record["outcomes"], record["points"]

    def append(self, begin: int, outcomes: NDArray[np.int32], points: Array) -> None:
        """Keep what the starts from number ``begin`` on gave."""
        self.journal.append(mark=self._mark, begin=begin, outcomes=outcomes, points=points)

    def finish(self, found: FixedPoints) -> None:
        """Write the netCDF file in place of the journal."""
        found.to_netcdf(self.path)
        self.journal.remove()

    def _check(self, mark: int) -> None:
        if mark != self._mark:
            raise ParameterError(
                f"{self.path} holds the fixed points of another network, or from other starts; "
                "give another file, or the J, phi, input and seed that it was begun with"
            )


def _fingerprint(system: System, origin: str) -> int:
    """A check sum of the network and of the starts."""
    mark = zlib.crc32(f"{system.phi.name} {system.phi.definition} {origin}".encode())
    for array in (system.J, system.input):
        mark = zlib.crc32(np.ascontiguousarray(array).tobytes(), mark)
    return mark
