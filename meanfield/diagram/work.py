"""The tracing of a diagram as work that can be left at any time and taken up again: what is finished is kept, piece by piece."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from meanfield.diagram.certificate import Certificate, certified, ends_of
from meanfield.diagram.corners import Corner
from meanfield.diagram.grid import Plane, Sheet, search_again
from meanfield.diagram.ledger import Edge, Ledger
from meanfield.diagram.lines import Lines, first_lines
from meanfield.diagram.seeds import seeds
from meanfield.diagram.tracer import Tracer
from meanfield.progress import Progress

__all__ = ["Stage", "Work", "work_of"]

_ROUNDS = 3  # in which unexplained edges are looked into
_LINES_A_ROUND = 4  # new rows and as many new columns
Wanted = Mapping[int, Collection[int]]  # lines, and grid points on them where branches may begin


@dataclass(frozen=True)
class Stage:
    """Where the tracing stands.

    turn: how many rounds are over; wanted: the rows and the columns to be walked in this one; searching: the grid points that are
    still to be searched again in it, None before that is known; done: nothing is left.
    """

    wanted: tuple[Wanted, Wanted]
    turn: int = 0
    searching: tuple[int, ...] | None = None
    done: bool = False


@dataclass(eq=False)
class Work:
    """Curves from the events on the first lines; then from lines through edges that are not explained.

    All that is found is in the parts: branches in ``axes`` (rows and columns), curves in ``tracer``, what these explain in
    ``ledger``, solutions in the sheets. Each piece is added whole when it is finished, so that an interrupt loses the piece that
    it comes in and nothing else.
    """

    plane: Plane
    sheets: Sequence[Sheet]
    fixed: Mapping[str, float]
    tol: float
    axes: tuple[Lines, Lines]
    tracer: Tracer
    ledger: Ledger
    stage: Stage
    certificate: Certificate | None = None
    corners: list[Corner] | None = None

    def go_on(self, progress: Progress) -> None:
        """Do what is left."""
        for part in (*self.axes, self.tracer):
            part.progress = progress
        while not self.stage.done:
            for lines, wanted in zip(self.axes, self.stage.wanted, strict=True):
                progress.start(None, f"following branches along {lines.moving}")
                lines.walk(wanted)
                progress.start(None, "tracing boundaries")
                self._trace(lines)
            missing = self._unexplained()
            if missing and self.stage.turn < _ROUNDS:
                self.stage = Stage(_through(missing, self.axes), self.stage.turn + 1)
            else:
                self.stage = replace(self.stage, done=True)

    def _trace(self, lines: Lines) -> None:
        for walk in lines.walks:
            if walk.finished:
                continue
            for seed in seeds(self.plane.names, walk.branches, [sheet.model for sheet in self.sheets])[walk.traced :]:
                self.tracer.trace(seed)
                walk.traced += 1
            walk.finished = True

    def _unexplained(self) -> list[Edge]:
        """The edges that are not explained; from the second round on, after a thorough search at their ends."""
        missing = self._certified()
        if self.stage.turn > 0 and (missing or self.stage.searching):
            if self.stage.searching is None:
                self.stage = replace(self.stage, searching=tuple(sorted(ends_of(missing, len(self.plane.x)))))
            while self.stage.searching:
                search_again(self.sheets, self.stage.searching[0], self.fixed, tol=self.tol)
                self.stage = replace(self.stage, searching=self.stage.searching[1:])
            missing = self._certified()
        return missing

    def _certified(self) -> list[Edge]:
        self.ledger.add([curve for _, curve in self.tracer.traced[len(self.ledger.curves) :]])
        self.certificate, missing = certified(self.ledger)
        return missing


def work_of(plane: Plane, sheets: Sequence[Sheet], fixed: Mapping[str, float], tol: float) -> Work:
    """The work on a plane of which nothing is done yet."""
    rows, columns = (Lines(plane, sheets, fixed, axis) for axis in (0, 1))
    first: tuple[Wanted, Wanted] = (dict.fromkeys(first_lines(len(plane.y)), ()), dict.fromkeys(first_lines(len(plane.x)), ()))
    return Work(plane, sheets, fixed, tol, (rows, columns), Tracer(plane, fixed), Ledger(sheets, fixed), Stage(first))


def _through(missing: Sequence[Edge], axes: tuple[Lines, Lines]) -> tuple[Wanted, Wanted]:
    """The rows and columns that hold most of the unexplained edges, with the ends of these: the states there may lie on a branch
    that no state elsewhere on the line lies on."""
    rows, columns = (_lines_through(missing, lines) for lines in axes)
    return rows, columns


def _lines_through(missing: Sequence[Edge], lines: Lines) -> Wanted:
    ends: dict[int, set[int]] = {}
    for edge in missing:
        if edge[2] == lines.axis:
            ends.setdefault(edge[lines.axis], set()).update({edge[1 - lines.axis], edge[1 - lines.axis] + 1})
    new = {k: places for k, places in ends.items() if not places <= lines.begun(k)}
    return {k: new[k] for k in sorted(new, key=lambda k: -len(new[k]))[:_LINES_A_ROUND]}
