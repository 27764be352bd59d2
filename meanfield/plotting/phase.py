"""The picture of a phase diagram: regions with their names, curves with their equations beside the axes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.diagram.classify import UNSOLVED
from meanfield.plotting.labels import symbol, typesets
from meanfield.plotting.style import FILLS, LINES, MARKS, new_axes, save_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from meanfield.diagram import Curve, PhaseDiagram
    from meanfield.diagram.grid import Plane

__all__ = ["draw_curves", "draw_regions", "phase_diagram", "symbol"]

_TOO_LONG = 70  # characters of an equation that a legend still bears
_ROOM = 0.06  # of the window: half the room that a name needs upwards
_WIDER = 2.5  # it needs so many times more sideways
_SEEN = 5e-3  # of the window: a shorter stretch of thin line is not seen
_TOO_SMALL = 0.01  # regions below this share of the window are named in the legend only


def phase_diagram(diagram: PhaseDiagram, ax: Axes | None = None, save: str | Path | None = None) -> Axes:
    """Draw ``diagram`` into ``ax`` (default: axes of a new figure, no display needed) and return the axes.

    Curves are thick where they bound a region and thin where they only pass (a state that is unstable anyway). ``save``:
    also write the figure to this file (.png, .svg, .pdf).
    """
    from matplotlib.patches import Patch

    with style():
        ax = ax if ax is not None else new_axes()
        handles = draw_regions(ax, diagram) + draw_curves(ax, diagram.curves)
        handles += _thin(diagram) + draw_certificate(ax, diagram)
        handles += [Patch(fill=False, linewidth=0, label="interrupted: not finished")] if diagram.interrupted else []
        x, y = diagram.plane.names
        ax.set(xlabel=symbol(x), ylabel=symbol(y))
        ax.set_xlim(*sorted(diagram.plane.edges[0]))
        ax.set_ylim(*sorted(diagram.plane.edges[1]))
        held = ", ".join(f"{symbol(name)} = {value:g}" for name, value in diagram.parameters.items())
        ax.set_title(held)
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0)
        figure = ax.get_figure(root=True)
        if save is not None and figure is not None:
            save_figure(figure, save)
    return ax


def draw_regions(ax: Axes, diagram: PhaseDiagram) -> list[Any]:
    """Fill the regions and write the names of the large ones into them; returns handles for a legend."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    colours = ["white" if name == UNSOLVED else FILLS[k % len(FILLS)] for k, name in enumerate(diagram.labels)]
    limits: dict[str, Any] = {"vmin": -0.5, "vmax": len(colours) - 0.5}
    plane, region = (
        (diagram.plane, diagram.region) if diagram.fine is None or diagram.pixels is None else (diagram.pixels, diagram.fine)
    )
    ax.pcolormesh(plane.x, plane.y, region, cmap=ListedColormap(colours), shading="nearest", rasterized=True, **limits)
    free = ~_crossed(plane, diagram.curves)
    for k, name in enumerate(diagram.labels):
        inside = region == k
        if inside.mean() >= _TOO_SMALL:
            row, column, room = _deepest(inside & free)
            if room > _ROOM * min(inside.shape):
                ax.text(plane.x[column], plane.y[row], _broken(name), ha="center", va="center", fontsize=7)
    return [Patch(facecolor=c, edgecolor="0.6", linewidth=0.5, label=n) for c, n in zip(colours, diagram.labels)]


def _crossed(plane: Plane, curves: Sequence[Curve]) -> np.ndarray:
    """Grid points next to a curve: names are not written over lines."""
    out = np.zeros(plane.shape, bool)
    for curve in curves:
        x, y = (
            np.interp(np.linspace(0, 1, 40 * len(curve.smooth)), np.linspace(0, 1, len(curve.smooth)), v) for v in curve.smooth.T
        )
        column, row = (
            np.rint(np.clip((v - axis[0]) / (axis[-1] - axis[0]), 0, 1) * (len(axis) - 1)).astype(int)  # equally spaced
            for axis, v in ((plane.x, x), (plane.y, y))
        )
        out[row, column] = True
    return out


def _deepest(inside: np.ndarray) -> tuple[int, int, float]:
    """The grid point of a region around which a name has most room, and how much upwards (in grid steps)."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(np.pad(inside, 1), sampling=(1.0, 1.0 / _WIDER))[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(row), int(column), float(depth[row, column])


def _broken(name: str) -> str:
    return name.replace(" + ", "\n+ ").replace(", ", ",\n").replace(" ", "\n", 1) if len(name) > 14 else name


def draw_curves(ax: Axes, curves: Sequence[Curve]) -> list[Any]:
    """Draw the curves, those of one condition in one look; returns handles for a legend, labelled with the equations."""
    from matplotlib.lines import Line2D

    handles = []
    groups: dict[tuple[str, str, str], list[Curve]] = {}
    for curve in curves:
        groups.setdefault((curve.model, curve.condition, curve.equation), []).append(curve)
    for k, group in enumerate(groups.values()):
        look: dict[str, Any] = {"color": LINES[k % len(LINES)], "linestyle": MARKS[k % len(MARKS)]}
        for curve in group:
            thick = np.where(curve.bounds[:, None], curve.smooth, np.nan)
            edge = np.pad(curve.bounds, 1, constant_values=True)
            only = ~(edge[:-2] & edge[1:-1] & edge[2:])  # dashes of two lines, one upon the other, would be out of step
            thin = np.where(only[:, None], curve.smooth, np.nan)
            ax.plot(thin[:, 0], thin[:, 1], linewidth=0.8, **look)
            ax.plot(thick[:, 0], thick[:, 1], linewidth=1.6, **look)
        handles.append(Line2D([], [], linewidth=1.6, label=f"{group[0].model}: {_equation(group[0])}", **look))
    return handles


def _thin(diagram: PhaseDiagram) -> list[Any]:
    """What thin lines are, for a legend: only where some are long enough to be seen."""
    from matplotlib.lines import Line2D

    extent = np.array([high - low for low, high in diagram.plane.edges])
    for curve in diagram.curves:
        length = np.linalg.norm(np.diff(curve.smooth, axis=0) / extent, axis=1)
        if length[~(curve.bounds[1:] & curve.bounds[:-1])].sum() > _SEEN:
            same = "what is stable stays the same" if diagram.labels_stability else "the same states on both sides"
            return [Line2D([], [], color="0.3", linewidth=0.8, label=f"thin: {same}")]
    return []


def draw_certificate(ax: Axes, diagram: PhaseDiagram) -> list[Any]:
    """Mark grid edges between which something changes that no curve explains; returns handles, none where there are none."""
    if diagram.certificate is None or diagram.certificate:
        return []
    for (x0, y0), (x1, y1) in diagram.certificate.unexplained:
        ax.plot([x0, x1], [y0, y1], color="red", linewidth=1.0, marker="x", markersize=3)
    from matplotlib.lines import Line2D

    return [Line2D([], [], color="red", marker="x", markersize=3, linewidth=1.0, label="a change that no curve explains")]


def _equation(curve: Curve) -> str:
    """The curve's equation: typeset where matplotlib can, else as text; its name where it is too long to read."""
    for text in (f"${curve.latex}$", curve.equation):
        if len(curve.equation) <= _TOO_LONG and typesets(text):
            return f"{curve.condition}, {text}"
    return f"{curve.condition} = 0"
