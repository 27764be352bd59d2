"""The picture of a bifurcation diagram: stable solid, unstable dashed, what happens marked and named beside the axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.continuation.between import between
from meanfield.errors import ParameterError
from meanfield.plotting.events import marks
from meanfield.plotting.labels import quantity_label, symbol
from meanfield.plotting.style import LINES, PAGE, new_axes, save_figure, style
from meanfield.plotting.view import robust_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from meanfield.continuation import Branch

__all__ = ["bifurcation_diagram", "bifurcation_panels", "draw_branches"]

_PER_STEP = 12  # places between two points of a branch at which the curve is drawn
_DASHES = (0, (4, 2))
_UNTOLD = 0.9  # line width of states of which the model does not say whether they are stable
_WIDTH = 32  # characters of a line of the legend
_THIN = 0.7  # line width of states that are not physical
_PALE = 0.55  # how far their colour is from that of the model to white
_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "*", "<", ">", "h", "d")


def bifurcation_diagram(
    forest: Sequence[Branch], quantity: str | None = None, ax: Axes | None = None, save: str | Path | None = None
) -> Axes:
    """Draw ``quantity`` (default: the first unknown) of all branches against the parameter that was followed.

    Stable states are solid, unstable ones dashed, those of which the model does not say solid and thinner, states that are not
    physical thin and pale; each model has its colour, symmetric partners share it. Events are marked; the legend beside the axes
    says what they are. Between the points of a branch the curve follows its tangents. Where a branch runs away, a thousand
    times as far as the rest, the axis shows the rest, and a number at its end how far that branch leads. ax: axes to draw into
    (default: those of a new figure, no display needed); returned. save: also write the figure to this file (.png, .svg, .pdf).
    Raises `ParameterError` if there are no branches, or none of them has the quantity.
    """
    with style():
        ax = ax if ax is not None else new_axes()
        handles = draw_branches(ax, forest, quantity or _first_quantity(forest))
        ax.set_title(_held(forest))
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0)
        figure = ax.get_figure(root=True)
        if save is not None and figure is not None:
            save_figure(figure, save)
    return ax


def bifurcation_panels(forest: Sequence[Branch], quantities: Sequence[str] | None = None, save: str | Path | None = None) -> Figure:
    """A new figure with one panel for each quantity (default: all public unknowns), one below the other, also in the file save."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewFigure

    names = list(quantities) if quantities else _unknowns(forest)
    with style():
        figure = NewFigure(figsize=(PAGE, 0.9 + 1.6 * len(names)), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
        handles: dict[str, Any] = {}
        for ax, name in zip(panels, names, strict=True):
            handles |= {h.get_label(): h for h in draw_branches(ax, forest, name)}
            ax.label_outer()
        panels[0].set_title(_held(forest))
        figure.align_ylabels(panels)
        figure.legend(handles=_ordered(handles), loc="outside right upper")
        if save is not None:
            save_figure(figure, save)
    return figure


def _ordered(handles: dict[str, Any]) -> list[Any]:
    """Lines before markers."""
    return sorted(handles.values(), key=lambda h: h.get_marker() not in ("None", None, ""))


def _first_quantity(forest: Sequence[Branch]) -> str:
    return _unknowns(forest)[0]


def _unknowns(forest: Sequence[Branch]) -> list[str]:
    """The public unknowns of all models, in order."""
    if not len(forest):
        raise ParameterError("there are no branches to draw")
    return list(dict.fromkeys(name for branch in forest for name in _own_unknowns(branch)))


def _own_unknowns(branch: Branch) -> list[str]:
    model = branch.model
    return [s.name for s in model.public_unknowns] if model is not None else list(branch.subject.curve.problem.names)


def draw_branches(ax: Axes, forest: Sequence[Branch], quantity: str) -> list[Any]:
    """Draw the branches that have the quantity into ``ax``; returns handles for a legend."""
    names = _unknowns(forest)
    shown = [branch for branch in forest if _has(branch, quantity)]
    if not shown:
        raise ParameterError(f"no branch has a quantity {quantity!r}; there are {', '.join(names)} and the observables")
    colours = _colours(forest)
    states: dict[str, None] = {}
    curves = []
    for branch in shown:
        for piece in _pieces(branch):
            u = between(branch, piece.places)
            curves.append((u[:, -1], _values(branch, quantity, u)))
            ax.plot(*curves[-1], **_style_of(piece.state, colours[_title(branch)]))
            states[piece.state] = None
    _without_run_away(ax, curves)
    models = [branch.model for branch in shown if branch.model is not None]
    ax.set(xlabel=symbol(shown[0].along), ylabel=quantity_label(quantity, models))
    ends = [float(v) for branch in forest for v in (branch.u[:, -1].min(), branch.u[:, -1].max())]
    if min(ends) < max(ends):
        ax.set_xlim(min(ends), max(ends))
    return _lines(shown, colours, states) + _marked(ax, forest, quantity)


def _without_run_away(ax: Axes, curves: Sequence[tuple[Any, Any]]) -> None:
    """Show what does not run away, and say how far the rest leads."""
    view = robust_range(curves)
    if view is None:
        return
    ax.set_ylim(*view)
    ends = [float(f(np.concatenate([y[np.isfinite(y)] for _, y in curves]))) for f in (np.min, np.max)]
    for end, beyond, arrow, at, where in (
        (ends[0], ends[0] < view[0], r"\downarrow", 0.03, "bottom"),
        (ends[1], ends[1] > view[1], r"\uparrow", 0.97, "top"),
    ):
        if beyond:
            ax.text(0.99, at, f"${arrow}$ {end:.0e}", transform=ax.transAxes, ha="right", va=where, fontsize=7)


def _held(forest: Sequence[Branch]) -> str:
    """The parameters that all branches share, but those that are what they are when they are not given."""
    path, problem, base = forest[0].subject.curve.path, forest[0].subject.curve.problem, forest[0].base
    defaults = {s.name: v for s, v in forest[0].model.defaults.items()} if forest[0].model is not None else {}
    shared = [
        f"{symbol(name)} = {value:g}"
        for i, (name, value) in enumerate(zip(problem.parameter_names, base, strict=True))
        if i not in path.index and (name not in defaults or float(defaults[name]) != value)
    ]
    return ", ".join(shared) if all((b.base == base)[_fixed(b)].all() for b in forest if b.subject is forest[0].subject) else ""


def _fixed(branch: Branch) -> list[int]:
    return [i for i in range(len(branch.base)) if i not in branch.subject.curve.path.index]


def _marked(ax: Axes, forest: Sequence[Branch], quantity: str) -> list[Any]:
    """Draw the marks, those of one meaning with one marker, the same in every panel; returns handles."""
    from matplotlib.lines import Line2D

    handles = []
    known = marks(forest)
    for k, label in enumerate(dict.fromkeys(mark.label for mark in known)):
        physical = not label.endswith("(not physical)")
        look: dict[str, Any] = {
            "linestyle": "none",
            "marker": _MARKERS[k % len(_MARKERS)],
            "markersize": 5 if physical else 4,
            "markerfacecolor": "white",
            "markeredgecolor": "black" if physical else "0.6",
            "markeredgewidth": 0.9,
        }
        spots = [spot for mark in known if mark.label == label for spot in mark.spots if _has(spot[0], quantity)]
        at = {(round(float(u[-1]), 9), round(float(_values(branch, quantity, u[None])[0]), 9)) for branch, u in spots}
        low, high = sorted(ax.get_ylim())
        if not ax.get_autoscaley_on():  # the axis leaves out what runs away
            at = {(x, y) for x, y in at if low <= y <= high}
        if at:
            ax.plot([x for x, _ in at], [y for _, y in at], zorder=4 if physical else 3.5, clip_on=False, **look)
            handles.append(Line2D([], [], label=fill(label, _WIDTH), **look))
    return handles


def _has(branch: Branch, quantity: str) -> bool:
    if quantity in (branch.along, *branch.subject.curve.problem.names):
        return True
    if branch.model is None:
        return False
    try:
        branch.model.named(quantity)
    except ParameterError:
        return False
    return True


def _title(branch: Branch) -> str:
    return (branch.model.name or branch.model.title) if branch.model is not None else "solutions"


def _colours(forest: Sequence[Branch]) -> dict[str, str]:
    titles = dict.fromkeys(_title(branch) for branch in forest)
    return {title: LINES[k % len(LINES)] for k, title in enumerate(titles)}


@dataclass(frozen=True)
class _Piece:
    """A part of a branch in one ``state``, and the ``places`` at which it is drawn."""

    state: str
    places: Any


_STATES = {
    "stable": "stable",
    "unstable": "unstable",
    "": "stability not told",
    "not physical": "not physical",
    "not physical, unstable": "not physical, unstable",
}


def _pieces(branch: Branch) -> list[_Piece]:
    """The branch cut where stability or physicality change: at the event that does it, else half-way."""
    states = _states(branch)
    cuts = [0.0]
    names = [states[0]]
    places = np.array([event.place for event in branch.events()])
    for k in np.flatnonzero([a != b for a, b in zip(states[:-1], states[1:], strict=True)]):
        inside = places[(places >= k) & (places <= k + 1)]
        cuts.append(float(inside[np.abs(inside - k - 0.5).argmin()]) if len(inside) else k + 0.5)
        names.append(states[k + 1])
    cuts.append(len(states) - 1.0)
    fine = np.linspace(0, len(states) - 1, _PER_STEP * (len(states) - 1) + 1)
    pieces = []
    for low, high, state in zip(cuts[:-1], cuts[1:], names, strict=True):
        if high > low:
            pieces.append(_Piece(state, np.concatenate([[low], fine[(fine > low) & (fine < high)], [high]])))
    return pieces


def _states(branch: Branch) -> list[str]:
    """The state of every point. The ends are marginal, or beyond numbers: they look like what is beside them."""
    size = len(branch)
    stable = [None] * size if branch.stable is None else [bool(v) for v in branch.stable]
    physical = [True] * size if branch.physical is None else [bool(v) for v in branch.physical]
    words = {True: "stable", False: "unstable", None: ""}
    out = [words[s] if p else "not physical" + (", unstable" if s is False else "") for s, p in zip(stable, physical, strict=True)]
    if size > 2:
        out[0], out[-1] = out[1], out[-2]
    return out


def _style_of(state: str, colour: str) -> dict[str, Any]:
    from matplotlib.colors import to_rgb

    pale = tuple(c + _PALE * (1 - c) for c in to_rgb(colour))
    physical = not state.startswith("not physical")
    return {
        "color": colour if physical else pale,
        "linewidth": (_UNTOLD if state == "" else 1.4) if physical else _THIN,
        "linestyle": _DASHES if "unstable" in state else "-",
        "zorder": 3 if physical else 2,
    }


def _values(branch: Branch, quantity: str, u: Any) -> Any:
    """The quantity at points u (P, N) of the branch's curve."""
    curve: Any = branch.subject.curve
    if quantity in curve.names:
        return u[:, curve.names.index(quantity)]
    inside = np.maximum(u[:, :-1], curve.problem.lower)
    base = np.repeat(branch.base[None], len(u), axis=0)
    return curve.problem.values((branch.model.named(quantity),), inside, curve.path.points(base, u[:, -1]))[:, 0]


def _lines(shown: Sequence[Branch], colours: dict[str, str], states: dict[str, None]) -> list[Any]:
    """Handles that say which colour is which model, and which line which state."""
    from matplotlib.lines import Line2D

    titles = dict.fromkeys(_title(branch) for branch in shown)
    handles = [Line2D([], [], color=colours[t], linewidth=1.4, label=t) for t in titles] if len(colours) > 1 else []
    neutral = "0.25" if len(colours) > 1 else next(iter(colours.values()))
    return handles + [Line2D([], [], label=_STATES[s], **_style_of(s, neutral)) for s in _STATES if s in states]
