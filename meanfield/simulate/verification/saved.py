"""What of a verification is finished, network by network, in a file that only grows: an interrupted call goes on from there."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from meanfield.errors import ParameterError
from meanfield.simulate.journal import Journal

__all__ = ["Saved"]


class Saved:
    """Records of finished networks by group (a size, a step) and number; in memory alone if ``path`` is None.

    what: everything that the networks depend on but group and number, in words. Raises `ParameterError` if the file holds
    something else, and `FileFormatError` if it is another kind of file.
    """

    def __init__(self, path: str | Path | None, what: str) -> None:
        self._journal = None if path is None else Journal(path)
        self._groups: dict[str, dict[int, dict[str, Any]]] = {}
        self._mark = zlib.crc32(what.encode())
        began = False
        for record in self._journal.records() if self._journal else []:
            began = True
            if "what" in record:
                self._check(record, what)
            else:
                group, index = str(record.pop("group")), int(record.pop("index"))
                self._groups.setdefault(group, {})[index] = record
        if self._journal and not began:
            self._journal.append(what=np.array(what), mark=self._mark)

    def of(self, group: str) -> dict[int, dict[str, Any]]:
        """``{number of a network: its record}``, in the order in which they were finished."""
        return dict(self._groups.get(group, {}))

    def append(self, group: str, index: int, record: dict[str, Any]) -> None:
        """Keep one network."""
        self._groups.setdefault(group, {})[index] = record
        if self._journal:
            self._journal.append(group=np.array(group), index=index, **record)

    def _check(self, record: dict[str, Any], what: str) -> None:
        if int(record["mark"]) != self._mark:
            raise ParameterError(
                f"{self._journal.path if self._journal else ''} holds networks of another verification "
                f"({record['what']}) than the one asked for ({what}); give another file, or the same arguments"
            )
