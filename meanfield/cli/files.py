"""Files of the command line: refused early, read safely, written whole or not at all."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from meanfield.errors import FileFormatError, ParameterError

__all__ = ["atomically", "check_target", "load_array", "undisturbed"]


def check_target(path: Path, suffixes: tuple[str, ...], option: str) -> None:
    """Refuse a file that could not be written, before the computing starts."""
    if path.suffix.lower() not in suffixes:
        raise ParameterError(f"{option} {path}: expected a file name that ends in {' or '.join(suffixes)}")
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    folder = path.parent
    if not folder.is_dir():
        raise FileNotFoundError(2, "No such directory", str(folder))
    try:  # permissions alone do not tell: file systems may be read-only, full or no place for files at all
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise type(error)(error.errno, f"Cannot write a file there ({error.strerror})", str(path)) from error


@contextmanager
def atomically(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path``, renamed to it when the block ends well: a file is whole or it is not there."""
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes private files; the result shall have the permissions of any other new file.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load_array(path: Path) -> Any:
    """The numeric array in the .npy file ``path``. Never unpickles. Raises `FileFormatError` for anything else."""
    import numpy as np

    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    if not path.is_file():
        raise FileNotFoundError(2, "No such file", str(path))
    with path.open("rb") as file:
        if file.read(6) != b"\x93NUMPY":
            raise FileFormatError(f"{path} is not a .npy file; write it with numpy.save({path.name!r}, x)")
    try:
        data = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise FileFormatError(f"{path} cannot be read as a .npy array of numbers: {error}") from error
    if data.dtype.kind not in "fiu" or data.size == 0 or data.ndim == 0:
        raise FileFormatError(f"{path} holds {data.dtype} of shape {data.shape}; expected real numbers of shape (..., N)")
    data = data.astype(float)
    if not np.isfinite(data).all():
        raise FileFormatError(f"{path} holds {int((~np.isfinite(data)).sum())} values that are NaN or infinite")
    return data


@contextmanager
def undisturbed() -> Iterator[None]:
    """While what is finished is worked out and written, the first interrupt (Ctrl-C) is only answered; a second one is obeyed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def answer(*_: object) -> None:
        print("meanfield: what is finished is being written; interrupt again to lose it", file=sys.stderr)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, answer)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
