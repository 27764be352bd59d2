"""Which symbols were declared nonnegative, and where: a declaration holds in the file that makes it.

Symbols are plain real SymPy symbols, equal whenever their names are, so that a domain cannot be written on them; and it cannot
belong to a name alone, for two files may mean different things by ``y``. A Model asks here, once, when it is built:
first the function that builds it, then its module; for symbols that neither declares (they were imported) the modules that it has
imported, and only then all others.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from types import FrameType, ModuleType

from meanfield.errors import ModelError

__all__ = ["declare", "declared_nonnegative"]

_ROOMS = ("meanfield.model.", "meanfield.conditions.", "dataclasses.")  # they build models on behalf of their callers


@dataclass
class _Declaration:
    nonnegative: bool
    line: int
    serial: int
    read: bool = False  # by a model
    contradicts: int = 0  # line of a declaration in the same place that says otherwise, which no model has read

    @property
    def words(self) -> str:
        return "nonnegative" if self.nonnegative else "of any sign"


@dataclass(frozen=True)
class _Place:
    """A function, or the body of a module; each cell of a notebook is a body of its own."""

    file: str
    function: tuple[str, ...]  # from the outermost; empty for the body of the module
    cell: str


_Table = dict[str, _Declaration]
_FILES: dict[str, dict[_Place, _Table]] = {}  # what holds where, latest declarations only
_SERIAL = count()
_INLINE = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<module>"}


def declare(name: str, nonnegative: bool) -> None:
    """Record a declaration for the code that called the public function which called this one."""
    frame = sys._getframe(2)
    place = _place(frame)
    table = _FILES.setdefault(place.file, {}).setdefault(place, {})
    new, old = _Declaration(nonnegative, frame.f_lineno, next(_SERIAL)), table.get(name)
    if old is not None and not old.read and old.nonnegative != nonnegative:
        new.contradicts = old.line
    table[name] = new


def declared_nonnegative(names: Iterable[str]) -> frozenset[str]:
    """Those of ``names`` that the code which builds a model declares nonnegative.

    Raises `ModelError` if that code declares one both ways, or if it declares it not at all and other files disagree about it.
    """
    frame: FrameType = sys._getframe(1)
    while frame.f_back is not None and (frame.f_globals.get("__name__", "") + ".").startswith(_ROOMS):
        frame = frame.f_back
    place = _place(frame)
    imported = {str(v.__file__) for v in frame.f_globals.values() if isinstance(v, ModuleType) and getattr(v, "__file__", None)}
    return frozenset(name for name in names if _is_nonnegative(name, place, imported))


def _place(frame: FrameType) -> _Place:
    code, names = frame.f_code, frame.f_globals
    file = names.get("__file__") or names.get("__name__", "")
    parts = tuple(part for part in code.co_qualname.split(".<locals>.") if part not in _INLINE)
    return _Place(str(file), parts, code.co_filename)


def _is_nonnegative(name: str, place: _Place, imported: set[str]) -> bool:
    own = _own(name, place)
    if own is not None:
        if own.contradicts:
            raise ModelError(
                f"{name} is declared twice for one model in {place.file}: in line {own.contradicts}, and in line {own.line} as "
                f"{own.words}; keep one of the two"
            )
        own.read = True
        return own.nonnegative
    everywhere = {file: d for file in _FILES if (d := _own(name, _Place(file, (), ""))) is not None}
    elsewhere = {file: d for file, d in everywhere.items() if file in imported} or everywhere
    if len({d.nonnegative for d in elsewhere.values()}) > 1:
        said = " and ".join(
            next(f"{d.words} in {file}" for file, d in elsewhere.items() if d.nonnegative is s) for s in (True, False)
        )
        raise ModelError(
            f"{name} is not declared in {place.file}, where the model is built, and others disagree about it ({said}); declare it "
            "there, or give the names of those that are not negative: Model(..., nonnegative='g Delta_0')"
        )
    return any(d.nonnegative for d in elsewhere.values())


def _own(name: str, place: _Place) -> _Declaration | None:
    """What holds in a place: its own latest declaration, or that of a function around it, of the file, of any function there."""
    tables = {p: t[name] for p, t in _FILES.get(place.file, {}).items() if name in t}
    around = [place.function[:k] for k in range(len(place.function), -1, -1)]
    for function in around:
        found = [d for p, d in tables.items() if p.function == function]
        if found:
            return max(found, key=lambda d: d.serial)
    return max(tables.values(), key=lambda d: d.serial, default=None)
