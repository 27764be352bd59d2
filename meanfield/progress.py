"""How long work tells how far it is: in silence, in the terminal, or to a function of the caller's.

Long-running functions take ``progress=None | True | callable`` and report through the small protocol `Progress`.
Everything that is drawn goes to standard error, so that standard output stays what was asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from rich.progress import Progress as RichBar

__all__ = [
    "CallbackProgress",
    "LineProgress",
    "NullProgress",
    "Progress",
    "ProgressOption",
    "RichProgress",
    "reporter",
    "reporting",
]


@runtime_checkable
class Progress(Protocol):
    """What a long-running function calls."""

    def start(self, total: int | None, description: str) -> None:
        """A stage of ``total`` units (None: unknown) begins; it ends the stage before it."""

    def advance(self, n: int = 1) -> None:
        """``n`` more units of the stage are done."""

    def note(self, text: str) -> None:
        """Something worth a line of its own happened."""

    def close(self) -> None:
        """The work is over; may be called more than once."""


Callback: TypeAlias = Callable[[int, int | None, str], object]
ProgressOption: TypeAlias = None | bool | Callback | Progress


class NullProgress:
    """Says nothing."""

    def start(self, total: int | None, description: str) -> None:
        pass

    def advance(self, n: int = 1) -> None:
        pass

    def note(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass


class CallbackProgress:
    """Calls ``callback(done, total, text)`` at every event; ``text`` is the stage's description or a note."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback
        self.done = 0
        self.total: int | None = None
        self.description = ""

    def start(self, total: int | None, description: str) -> None:
        self.done, self.total, self.description = 0, total, description
        self.callback(0, total, description)

    def advance(self, n: int = 1) -> None:
        self.done += n
        self.callback(self.done, self.total, self.description)

    def note(self, text: str) -> None:
        self.callback(self.done, self.total, text)

    def close(self) -> None:
        pass


class LineProgress:
    """Plain lines on standard error, now and then: what a log file can hold. Work that is soon done leaves none."""

    def __init__(self, every: float = 30.0) -> None:
        self.every = every  # seconds
        self.done = 0
        self.total: int | None = None
        self.description = ""
        self._told = monotonic()

    def start(self, total: int | None, description: str) -> None:
        self.done, self.total, self.description = 0, total, description
        self._tell_sometimes()

    def advance(self, n: int = 1) -> None:
        self.done += n
        self._tell_sometimes()

    def note(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def close(self) -> None:
        pass

    def _tell_sometimes(self) -> None:
        if monotonic() - self._told >= self.every:
            self._told = monotonic()
            count = f"{self.done}" if self.total is None else f"{self.done} of {self.total}"
            self.note(f"{self.description}: {count}" if self.done or self.total else self.description)


class RichProgress:
    """A bar per stage on standard error; `rich` is imported when the first stage starts."""

    def __init__(self) -> None:
        self._bar: RichBar | None = None
        self._stage: int | None = None
        self._total: int | None = None

    def start(self, total: int | None, description: str) -> None:
        bar = self._open()
        self._finish_stage()
        self._total = total
        self._stage = bar.add_task(description, total=total)

    def advance(self, n: int = 1) -> None:
        if self._bar is not None and self._stage is not None:
            self._bar.advance(self._stage, n)  # type: ignore[arg-type]

    def note(self, text: str) -> None:
        self._open().console.print(text, highlight=False, markup=False)

    def close(self) -> None:
        if self._bar is not None:
            self._finish_stage()
            self._bar.stop()
            self._bar = None

    def _open(self) -> RichBar:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Bar(*columns, console=Console(stderr=True))
            self._bar.start()
        return self._bar

    def _finish_stage(self) -> None:
        # A stage of unknown length would pulse for ever beside the next one.
        if self._bar is not None and self._stage is not None and self._total is None:
            done = self._bar.tasks[self._stage].completed
            self._bar.update(self._stage, total=done, completed=done)  # type: ignore[arg-type]
        self._stage = None


def _draws() -> bool:
    """Whether standard error can show a bar: a terminal, or a notebook."""
    from rich.console import Console

    console = Console(stderr=True)
    return console.is_terminal or console.is_jupyter


def reporter(progress: ProgressOption) -> Progress:
    """The reporter that the argument ``progress`` of a long-running function asks for.

    ``None`` or ``False``: silence; ``True``: bars on standard error, or lines; a callable: called as ``f(done, total, text)``;
    a `Progress`: itself. Raises `TypeError` for anything else.
    """
    if progress is None or progress is False:
        return NullProgress()
    if progress is True:
        return RichProgress() if _draws() else LineProgress()
    if isinstance(progress, Progress):
        return progress
    if callable(progress):
        return CallbackProgress(progress)
    raise TypeError(
        f"progress must be None, True, or a function of (done, total, text); got {type(progress).__name__} {progress!r}"
    )


@contextmanager
def reporting(progress: ProgressOption) -> Iterator[Progress]:
    """`reporter`, closed at the end even if the work fails. A `Progress` of the caller's stays open."""
    chosen = reporter(progress)
    try:
        yield chosen
    finally:
        if chosen is not progress:
            chosen.close()
