"""The picture of a verification: every quantity against 1/N, the theory where 1/N is 0."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield.errors import ParameterError
from meanfield.plotting.labels import symbol
from meanfield.plotting.style import LINES, PAGE, save_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from meanfield.simulate.verification import Comparison, Verification

__all__ = ["verification"]

_COLUMNS = 3


def verification(result: Verification, save: str | Path | None = None) -> Figure:
    """A new figure with a panel for each quantity: the networks' means with standard errors, the line ``a + b/N`` through them
    (with what finite size adds by the theory, where it says that) with its value at infinite size, and the theory there. save:
    also write it to this file (.png, .svg, .pdf).

    Raises `ParameterError` if nothing was compared.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewFigure

    if not result.comparisons:
        raise ParameterError(f"there is nothing to draw: {result.why}")
    columns = min(_COLUMNS, len(result.comparisons))
    rows = -(-len(result.comparisons) // columns)
    with style():
        figure = NewFigure(figsize=(PAGE, 1.1 + 1.9 * rows), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, comparison in zip(panels, result.comparisons):
            _panel(ax, comparison, np.asarray(result.neurons, float))
        for ax in panels[len(result.comparisons) :]:
            ax.remove()
        handles, labels = panels[0].get_legend_handles_labels()
        figure.suptitle(f"{result.model}: {result.verdict.value}", fontsize=9)
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
        if save is not None:
            save_figure(figure, save)
    return figure


def _label(name: str) -> str:
    """A symbol where the name is one of the field's; observables in words."""
    return symbol(name) if name.split("_")[0] in ("mu", "kappa", "Delta") else name.replace("_", " ")


def _panel(ax: Axes, c: Comparison, neurons: Any) -> None:
    x, right = 1 / neurons, 1.08 / neurons.min()
    ax.errorbar(x, c.limit.means, c.limit.errors, fmt="o", ms=4, color=LINES[2], capsize=2, label="networks", zorder=3)
    if np.isfinite(c.limit.slope) and any(c.limit.added):
        at, added = np.append(x, 0.0), np.append(c.limit.added, 0.0)
        ax.plot(at, c.limit.value + c.limit.slope * at + added, color=LINES[2], lw=1, label=r"$a + b/N$ and fluctuations")
    elif np.isfinite(c.limit.slope):
        line = np.array([0.0, right])
        ax.plot(line, c.limit.value + c.limit.slope * line, color=LINES[2], lw=1, label=r"$a + b/N$")
    ax.errorbar(
        [0], [c.value], [c.standard_error], fmt="D", ms=4, mfc="white", color=LINES[2], capsize=2, label=r"$N \to \infty$", zorder=4
    )
    ax.plot([0], [c.theory], "x", ms=7, mew=1.6, color=LINES[1], label="theory", zorder=5, clip_on=False)
    ax.axhline(c.theory, color=LINES[1], lw=0.6, ls=":")
    ax.set_xlim(-0.06 * right, right)
    ax.set(xlabel=r"$1/N$", ylabel=_label(c.name))
    ax.ticklabel_format(axis="x", scilimits=(0, 0), useMathText=True)
    ax.set_title(("no $z$" if c.doubt else f"$z = {c.z:+.1f}$") + f", {c.verdict.value}")
