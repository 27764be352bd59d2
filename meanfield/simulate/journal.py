"""A file that only grows: what of a long search is finished, safe against a crash at any moment.

Each record is a length, a check sum and an ``npz`` of one block. A record that a crash cut short does not match its check sum;
it and what follows is dropped at the next opening. netCDF cannot be appended to so safely; it is written at the end.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from meanfield.errors import FileFormatError

__all__ = ["Journal"]

_HEAD = struct.Struct("<4sQI")
_MAGIC = b"mfj1"


class Journal:
    """Records (``{name: array}``) appended to a file; each is on the disk when `append` returns."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def records(self) -> Iterator[dict[str, Any]]:
        """The whole records of the file, in order; what is left of a broken one is cut off.

        Raises `FileFormatError` for a file that was not written here; it is left as it is.
        """
        if not self.path.exists():
            return
        end = 0
        with open(self.path, "rb") as file:
            if not _MAGIC.startswith(file.read(len(_MAGIC))):
                raise FileFormatError(f"{self.path} is no file of a search or verification; give another")
            file.seek(0)
            while (record := _read(file)) is not None:
                end = file.tell()
                yield record
        if end < self.path.stat().st_size:
            os.truncate(self.path, end)

    def append(self, **arrays: Any) -> None:
        """Write one record."""
        packed = io.BytesIO()
        np.savez(packed, **arrays)
        body = packed.getvalue()
        with open(self.path, "ab") as file:
            file.write(_HEAD.pack(_MAGIC, len(body), zlib.crc32(body)) + body)
            file.flush()
            os.fsync(file.fileno())

    def remove(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)


def _read(file: io.BufferedReader) -> dict[str, Any] | None:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    magic, length, check = _HEAD.unpack(head)
    body = file.read(length) if magic == _MAGIC else b""
    if len(body) < length or magic != _MAGIC or zlib.crc32(body) != check:
        return None
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        return dict(arrays)
