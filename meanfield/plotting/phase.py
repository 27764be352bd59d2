"""The picture of a phase diagram: regions with their names, curves with their equations beside the axes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.plotting.labels import symbol, typesets
from meanfield.plotting.regions import refined
from meanfield.plotting.style import FILLS, LINES, MARKS, new_axes, save_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from meanfield.diagram import Contour, PhaseDiagram

__all__ = ["draw_curves", "draw_regions", "phase_diagram", "symbol"]

_TOO_LONG = 70  # characters of an equation that a legend still bears
_TOO_SMALL = 0.01  # regions below this share of the window are named in the legend only


def phase_diagram(diagram: PhaseDiagram, ax: Axes | None = None, save: str | Path | None = None) -> Axes:
    """Draw ``diagram`` into ``ax`` (default: axes of a new figure, no display needed) and return the axes.

    Curves are thick where they bound a region and thin where they only pass (a state that is unstable anyway). ``save``:
    also write the figure to this file (.png, .svg, .pdf).
    """
    with style():
        ax = ax if ax is not None else new_axes()
        handles = draw_regions(ax, diagram) + draw_curves(ax, diagram.contours)
        x, y = diagram.plane.names
        ax.set(xlabel=symbol(x), ylabel=symbol(y))
        ax.set_xlim(*_sorted(diagram.plane.x))
        ax.set_ylim(*_sorted(diagram.plane.y))
        held = ", ".join(f"{symbol(name)} = {value:g}" for name, value in diagram.parameters.items())
        ax.set_title(held)
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0)
        figure = ax.get_figure(root=True)
        if save is not None and figure is not None:
            save_figure(figure, save)
    return ax


def _sorted(axis: np.ndarray) -> tuple[float, float]:
    return float(axis.min()), float(axis.max())


def draw_regions(ax: Axes, diagram: PhaseDiagram) -> list[Any]:
    """Fill the regions and write the names of the large ones into them; returns handles for a legend."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    colours = [FILLS[k % len(FILLS)] for k in range(len(diagram.labels))]
    limits: dict[str, Any] = {"vmin": -0.5, "vmax": len(colours) - 0.5}
    plane = diagram.plane
    x, y, region = refined(diagram)
    ax.pcolormesh(x, y, region, cmap=ListedColormap(colours), shading="nearest", rasterized=True, **limits)
    for k, name in enumerate(diagram.labels):
        inside = diagram.region == k
        if inside.mean() >= _TOO_SMALL:
            row, column, room = _deepest(inside)
            if room > 0.07 * min(inside.shape):
                ax.text(plane.x[column], plane.y[row], _broken(name), ha="center", va="center", fontsize=7)
    return [Patch(facecolor=c, edgecolor="0.6", linewidth=0.5, label=n) for c, n in zip(colours, diagram.labels)]


def _deepest(inside: np.ndarray) -> tuple[int, int, float]:
    """The grid point of a region that is farthest from its border, and how far (in grid steps)."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(row), int(column), float(depth[row, column])


def _broken(name: str) -> str:
    return name.replace(" + ", "\n+ ").replace(", ", ",\n").replace(" ", "\n", 1) if len(name) > 14 else name


def draw_curves(ax: Axes, contours: Sequence[Contour]) -> list[Any]:
    """Draw the curves; returns handles for a legend, labelled with the equations."""
    from matplotlib.lines import Line2D

    handles = []
    for k, curve in enumerate(c for c in contours if c.points):
        look: dict[str, Any] = {"color": LINES[k % len(LINES)], "linestyle": MARKS[k % len(MARKS)]}
        for line, boundary in zip(curve.lines, curve.boundary, strict=True):
            thick = np.where(boundary[:, None], line, np.nan)
            ax.plot(line[:, 0], line[:, 1], linewidth=0.5, **look)
            ax.plot(*_runs(thick), linewidth=1.6, **look)
        handles.append(Line2D([], [], linewidth=1.6, label=f"{curve.model}: {_equation(curve)}", **look))
    return handles


def _runs(line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return line[:, 0], line[:, 1]


def _equation(curve: Contour) -> str:
    """The curve's equation: typeset where matplotlib can, else as text; its name where it is too long to read."""
    for text in (f"${curve.latex}$", curve.equation):
        if len(curve.equation) <= _TOO_LONG and typesets(text):
            return f"{curve.indicator}, {text}"
    return f"{curve.indicator} = 0"
