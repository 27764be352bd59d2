"""How figures look: colours that everybody can tell apart, sizes of journal columns, text that stays text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLUMN", "FILLS", "LINES", "MARKS", "PAGE", "new_axes", "save_figure", "style"]

# Widths in inches of one and of two columns (89 and 183 mm).
COLUMN, PAGE = 3.5, 7.2

# Okabe and Ito's palette (jfly.uni-koeln.de/color), for lines; and light tints of it for areas under them.
LINES = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
FILLS = ("#DCE6F2", "#FCE5CD", "#D5EFE3", "#F6DCE9", "#FFF6C8", "#D9F0FA", "#E4E0D8", "#C9CED6", "#F3D2C1", "#DDEBC8")
# Lines are told apart without colour too.
MARKS = ("-", "--", "-.", (0, (1, 1.2)), (0, (5, 1, 1, 1, 1, 1)), (0, (7, 2)))

_SETTINGS: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 9,
    "legend.fontsize": 7,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "mathtext.fontset": "cm",
    "svg.fonttype": "none",
    # The same input gives the same file.
    "svg.hashsalt": "meanfield",
}


@contextmanager
def style() -> Iterator[None]:
    """The settings above, for the time of a block; the caller's own are left as they are."""
    import matplotlib

    with matplotlib.rc_context(_SETTINGS):
        yield


def new_axes(width: float = PAGE, height: float = 3.6) -> Axes:
    """Axes of a new figure that needs no display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write ``figure`` in the format that the suffix of ``path`` names (.png, .svg, .pdf)."""
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    with style():
        figure.savefig(path, format=kind, dpi=200, metadata=metadata, bbox_inches="tight")
