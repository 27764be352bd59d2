"""The phase diagram as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from meanfield.diagram.classify import NOTHING
from meanfield.diagram.contours import Contour
from meanfield.diagram.grid import Plane, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PhaseDiagram"]


@dataclass
class PhaseDiagram:
    """All solutions of one or several models over a plane, classified.

    plane: the grid. sheets: per model the solutions at every grid point. region: (ny, nx) index into ``labels``, the names of
    the regions, the most extended first. contours: zeros of the indicators. parameters: those held fixed.
    interrupted: it holds only what was computed before an interrupt.
    """

    plane: Plane
    sheets: list[Sheet]
    region: np.ndarray
    labels: tuple[str, ...]
    contours: list[Contour] = field(default_factory=list)
    parameters: dict[str, float] = field(default_factory=dict)
    tol: float = 1e-10
    interrupted: bool = False

    @property
    def number_of_solutions(self) -> int:
        """Solutions of all models at all grid points, symmetric partners included."""
        return sum(sheet.number_of_solutions for sheet in self.sheets)

    def label(self, x: float, y: float) -> str:
        """The region of the grid point nearest to ``(x, y)``."""
        column = int(np.abs(self.plane.x - x).argmin())
        row = int(np.abs(self.plane.y - y).argmin())
        return self.labels[self.region[row, column]]

    def plot(self, ax: Axes | None = None, save: str | Path | None = None) -> Axes:
        """Draw the diagram into ``ax`` (default: a new figure) and return the axes; ``save``: also to that file."""
        from meanfield.plotting.phase import phase_diagram

        return phase_diagram(self, ax, save)

    def to_netcdf(self, path: str | Path) -> None:
        """Save everything to the netCDF file ``path``; `meanfield.store.load` opens it again as a dataset."""
        from meanfield.store import diagram_dataset, save

        save(diagram_dataset(self), path)

    def summary(self) -> str:
        """The diagram in five lines of words."""
        return "\n".join((self._what(), self._solutions(), self._regions(), self._boundaries(), self._coexistence()))

    def _what(self) -> str:
        (x, y), plane = self.plane.names, self.plane
        held = ", ".join(f"{name} = {value:g}" for name, value in self.parameters.items())
        models = " and ".join(sheet.name for sheet in self.sheets)
        ranges = f"{x} from {plane.x[0]:g} to {plane.x[-1]:g} and {y} from {plane.y[0]:g} to {plane.y[-1]:g}"
        return f"Phase diagram of {models} with {ranges}{f', at {held}' if held else ''}."

    def _solutions(self) -> str:
        ny, nx = self.plane.shape
        states = [one for sheet in self.sheets for point in sheet.points for one in point]
        stable = sum(one.stable is True for one in states)
        errors = [float(np.max(np.abs(e), initial=0.0)) for one in states for e in one.error.values()]
        worst = f"; the largest claimed error is {np.nanmax(errors):.1e}" if errors else ""
        return f"{nx} x {ny} points: {len(states)} solutions, {stable} of them stable{worst}."

    def _shares(self) -> list[tuple[str, float]]:
        counts = np.bincount(self.region.ravel(), minlength=len(self.labels)) / self.region.size
        return [(name, float(share)) for name, share in zip(self.labels, counts, strict=True)]

    def _regions(self) -> str:
        shares = [f"{name} ({_percent(share)})" for name, share in self._shares()]
        more = f", and {len(shares) - 6} smaller ones" if len(shares) > 6 else ""
        return f"Regions: {', '.join(shares[:6])}{more}."

    def _boundaries(self) -> str:
        drawn = [c for c in self.contours if c.points]
        if not drawn:
            return "Boundaries: no indicator vanishes in this window."
        parts = [f"{c.indicator} of {c.model} ({c.points} points)" for c in drawn]
        worst = max(float(np.max(e)) for c in drawn for e in c.errors)
        missed = sum(c.unpolished for c in drawn)
        note = f", {missed} changes of sign could not be polished" if missed else ""
        return f"Boundaries: {', '.join(parts)}; located to {worst:.1e}{note}."

    def _coexistence(self) -> str:
        shared = [(name, share) for name, share in self._shares() if " + " in name or " states)" in name]
        empty = dict(self._shares()).get(NOTHING, 0.0)
        text = (
            f"Several stable states coexist at {_percent(sum(s for _, s in shared))} of the points"
            if shared
            else "Nowhere do several stable states coexist, symmetric partners apart"
        )
        return f"{text}; {f'no solution at {_percent(empty)}' if empty else 'every point has a solution'}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%" if share < 0.995 or share == 1 else ">99%"
