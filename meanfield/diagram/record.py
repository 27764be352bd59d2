"""The phase diagram as data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.diagram.certificate import Certificate
from meanfield.diagram.changes import signatures
from meanfield.diagram.classify import NOTHING, UNSOLVED
from meanfield.diagram.corners import Corner
from meanfield.diagram.curves import Curve
from meanfield.diagram.grid import Plane, Sheet
from meanfield.diagram.sides import areas

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from meanfield.diagram.work import Work

__all__ = ["PhaseDiagram", "Region"]


@dataclass(frozen=True)
class Region:
    """A named part of the plane. area: in units of the plane, and its error. states: ``{"model", "symmetric", "stable", "signs",
    "count"}`` of each kind of physical state."""

    label: str
    area: float
    states: tuple[dict[str, Any], ...]
    error: float = float("nan")


@dataclass(repr=False)
class PhaseDiagram:
    """All solutions of one or several models over a plane, classified.

    plane: the grid. sheets: per model the solutions at every grid point. region: (ny, nx) index into ``labels``, the names of
    the regions, the most extended first. curves: the boundaries. parameters: those held fixed.
    conditions: the boundaries that are drawn, None: all.
    interrupted: it holds only what was computed before an interrupt; grid points that were not reached are in the region "not
    solved". work: what `resume_diagram` goes on from. certificate: whether a boundary is missing; corners: points
    where boundaries cross, end or have a cusp; failures: conditions that could not be traced, with the reason. between: the
    solutions in parts of the plane that no grid point lies in, and regions_between, the indices of their regions. pixels: a fine
    grid, fine (ny, nx) the regions of its points, and sure (ny, nx) which of these are known, not taken from the surroundings.
    """

    plane: Plane
    sheets: list[Sheet]
    region: np.ndarray
    labels: tuple[str, ...]
    work: Work
    curves: list[Curve] = field(default_factory=list)
    parameters: dict[str, float] = field(default_factory=dict)
    tol: float = 1e-10
    conditions: tuple[str, ...] | None = None
    interrupted: bool = False
    certificate: Certificate | None = None
    pixels: Plane | None = None
    fine: np.ndarray | None = None
    sure: np.ndarray | None = None
    corners: list[Corner] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    between: list[Sheet] = field(default_factory=list)
    regions_between: list[int] = field(default_factory=list)

    def __repr__(self) -> str:
        (x, y), (ny, nx) = self.plane.names, self.plane.shape
        models = " and ".join(sheet.name for sheet in self.sheets)
        cut = ", interrupted" if self.interrupted else ""
        return (
            f"<PhaseDiagram of {models} in the plane of {x} and {y}: {nx} x {ny} points, {len(self.curves)} curves, "
            f"{len(self.labels)} regions{cut}; summary() tells more>"
        )

    @property
    def number_of_solutions(self) -> int:
        """Solutions of all models at all grid points, symmetric partners included."""
        return sum(sheet.number_of_solutions for sheet in self.sheets)

    @property
    def unsolved(self) -> int:
        """Grid points that an interrupt left out for one of the models or more."""
        return self.region.size - min(len(sheet.points) for sheet in self.sheets)

    def label(self, x: float, y: float) -> str:
        """The region of the grid point nearest to ``(x, y)``."""
        column = int(np.abs(self.plane.x - x).argmin())
        row = int(np.abs(self.plane.y - y).argmin())
        return self.labels[self.region[row, column]]

    def plot(self, ax: Axes | None = None, save: str | Path | None = None) -> Axes:
        """Draw the diagram into ``ax`` (default: a new figure) and return the axes; ``save``: also to that file."""
        from meanfield.plotting.phase import phase_diagram

        return phase_diagram(self, ax, save)

    def to_dataset(self) -> xr.Dataset:
        """Everything as an xarray dataset."""
        from meanfield.store import diagram_dataset

        return diagram_dataset(self)

    def to_netcdf(self, path: str | Path) -> None:
        """Save `to_dataset` to the netCDF file ``path``; `meanfield.store.load` opens it again as a
        dataset, `meanfield.store.load_diagram` as a diagram."""
        from meanfield.store import save

        save(self.to_dataset(), path)

    def regions(self) -> list[Region]:
        """The regions, the most extended first: label, area in units of the plane, and what exists there."""
        if self.pixels is None or self.fine is None:
            return []
        sizes, errors = self._areas
        here = signatures(self.sheets)
        beside = signatures(self.between, len(self.regions_between)) if self.regions_between else []
        out = []
        for k, label in enumerate(self.labels):
            found = [here[i] for i in np.flatnonzero(self.region.ravel() == k)]
            found += [one for one, number in zip(beside, self.regions_between, strict=True) if number == k]
            usual = Counter(frozenset(one.items()) for one in found).most_common(1)
            states = tuple(_state(*item) for item in sorted(usual[0][0], key=str)) if usual else ()
            out.append(Region(label, float(sizes[k]), states, float(errors[k])))
        return sorted(out, key=lambda one: -one.area)

    def summary(self) -> str:
        """The diagram in five lines of words."""
        return "\n".join((self._what(), self._solutions(), self._regions(), self._boundaries(), self._coexistence()))

    def _what(self) -> str:
        (x, y), plane = self.plane.names, self.plane
        held = ", ".join(f"{name} = {value:g}" for name, value in self.parameters.items())
        models = " and ".join(sheet.name for sheet in self.sheets)
        (x0, x1), (y0, y1) = plane.edges
        ranges = f"{x} from {x0:g} to {x1:g} and {y} from {y0:g} to {y1:g}"
        cut = f" Interrupted, not finished: {self._left_out()}." if self.interrupted else ""
        return f"Phase diagram of {models} with {ranges}{f', at {held}' if held else ''}.{cut}"

    def _left_out(self) -> str:
        return f"{self.unsolved} grid points are not solved" if self.unsolved else "boundaries may be missing"

    def _solutions(self) -> str:
        ny, nx = self.plane.shape
        states = [one for sheet in self.sheets for point in sheet.points for one in point]
        stable = f", {sum(one.stable is True for one in states)} of them stable" if self.labels_stability else ""
        errors = [float(np.max(np.abs(e), initial=0.0)) for one in states for e in one.error.values()]
        worst = f"; the largest claimed error is {np.nanmax(errors):.1e}" if errors else ""
        return f"{nx} x {ny} points: {len(states)} solutions{stable}{worst}."

    def _shares(self) -> list[tuple[str, float]]:
        if self.pixels is None or self.fine is None:
            counts = np.bincount(self.region.ravel(), minlength=len(self.labels)) / self.region.size
        else:
            counts = self._areas[0] / np.prod([high - low for low, high in self.plane.edges])
        shares = [(name, float(share)) for name, share in zip(self.labels, counts, strict=True)]
        return sorted(shares, key=lambda share: -share[1])

    @cached_property
    def _areas(self) -> tuple[np.ndarray, np.ndarray]:
        assert self.pixels is not None and self.fine is not None
        cell = max(few / many for few, many in zip(self.pixels.shape, self.plane.shape, strict=True))
        return areas(self.pixels, self.fine, self.curves, len(self.labels), self.sure, cell)

    def _regions(self) -> str:
        shares = [f"{name} ({_percent(share)})" for name, share in self._shares()]
        more = f", and {len(shares) - 6} smaller ones" if len(shares) > 6 else ""
        return f"Regions: {', '.join(shares[:6])}{more}."

    def _boundaries(self) -> str:
        drawn = Counter((c.condition, c.model) for c in self.curves)
        certificate = f"; {self.certificate}" if self.certificate is not None else ""
        if not drawn:
            none = "none found before the interrupt" if self.interrupted else "none crosses this window"
            return f"Boundaries: {none}{certificate}."
        parts = [f"{name} of {model}" for name, model in drawn]
        worst = max(float(np.nanmax(c.errors)) for c in self.curves)
        return f"Boundaries: {', '.join(parts)}; known to {worst:.1e}{certificate}."

    @property
    def labels_stability(self) -> bool:
        """Whether any model says of a state whether it is stable."""
        return any(one.stable is not None for sheet in self.sheets for point in sheet.points for one in point)

    def _coexistence(self) -> str:
        shared = [(name, share) for name, share in self._shares() if " + " in name or " states)" in name]
        empty, unsolved = (dict(self._shares()).get(name, 0.0) for name in (NOTHING, UNSOLVED))
        states = "several stable states" if self.labels_stability else "several states (the model does not say which are stable)"
        text = (
            f"{states.capitalize()} coexist in {_percent(sum(s for _, s in shared))} of the window"
            if shared
            else f"Nowhere do {states} coexist, symmetric partners apart"
        )
        open_ = [f"{name} in {_percent(share)}" for name, share in ((NOTHING, empty), (UNSOLVED, unsolved)) if share]
        return f"{text}; {', '.join(open_) or 'every point has a solution'}."


def _state(key: tuple[str, bool | None, bool | None, str], count: int) -> dict[str, Any]:
    """What a signature says of one kind of state."""
    model, symmetric, stable, signs = key
    return {"model": model, "symmetric": symmetric, "stable": stable, "signs": signs.strip(", "), "count": count}


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%" if share < 0.995 or share == 1 else ">99%"
