"""``meanfield diagram``: the phase diagram of one or several models in a plane of two parameters."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from meanfield.errors import ParameterError

if TYPE_CHECKING:
    from meanfield.diagram import PhaseDiagram

__all__ = ["diagram"]

_POINTS = 16


def diagram(
    model: list[str] = typer.Argument(
        ..., metavar="MODEL...", help="Names, or path/to/file.py:attribute (that file runs). Several share one plane."
    ),
    x: str = typer.Option(..., "--x", metavar="NAME=FROM:TO", help="Horizontal axis, such as g=0:3 or g=0:3:61."),
    y: str = typer.Option(..., "--y", metavar="NAME=FROM:TO", help="Vertical axis."),
    parameter: list[str] = typer.Option([], "-p", metavar="NAME=VALUE", help="A fixed parameter."),
    transfer: str | None = typer.Option(None, "--transfer", metavar="NAME", help="Another transfer function."),
    points: int = typer.Option(_POINTS, "--points", min=2, help="Cells of the grid along an axis that names no count."),
    tol: float = typer.Option(1e-10, "--tol", help="Tolerance of solutions."),
    out: Path | None = typer.Option(None, "--out", metavar="FILE.nc", help="Save the data."),
    plot: list[Path] = typer.Option([], "--plot", metavar="FILE.png|.svg|.pdf", help="Save a picture; may be repeated."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document in place of the summary."),
) -> int:
    """Find all states on a grid, follow branches along lines of it, trace every boundary as a curve; print a summary in words.

    The certificate says whether a change between neighbouring grid points is explained by no curve.
    """
    from meanfield.cli.files import atomically, check_target
    from meanfield.cli.locate import find_model
    from meanfield.cli.parsing import LARGEST_COUNT, Sweep, parameters, window

    x_name, x_axis = window(x, "--x", points)
    y_name, y_axis = window(y, "--y", points)
    fixed = parameters(parameter)
    for name, value in fixed.items():
        if isinstance(value, Sweep):
            raise ParameterError(f"parameter {name!r} must have one value here; --x and --y are what is swept")
    if out is not None:
        check_target(out, (".nc",), "--out")
    for picture in plot:
        check_target(picture, (".png", ".svg", ".pdf"), "--plot")
    if (cells := x_axis.count * y_axis.count) > LARGEST_COUNT:
        raise ParameterError(f"the grid of --x and --y has {cells} points, at most {LARGEST_COUNT} are allowed")
    found = [find_model(text, transfer) for text in model]
    held: dict[str, Any] = dict(fixed)

    import meanfield as mf

    result = mf.diagram(
        found,
        plane=(x_name, y_name),
        window=((x_axis.start, x_axis.stop), (y_axis.start, y_axis.stop)),
        points=(x_axis.count, y_axis.count),
        tol=tol,
        progress=sys.stderr.isatty(),
        **held,
    )
    if out is not None:
        with atomically(out) as temporary:
            result.to_netcdf(temporary)
    if plot:
        from meanfield.plotting.style import save_figure

        figure = result.plot().get_figure(root=True)
        assert figure is not None
        for picture in plot:
            with atomically(picture) as temporary:
                save_figure(figure, temporary)
    _report(result, as_json)
    if result.interrupted:
        print("meanfield: interrupted; the diagram holds what was computed before", file=sys.stderr)
        return 130
    return 0 if result.number_of_solutions else 3


def _report(result: PhaseDiagram, as_json: bool) -> None:
    if as_json:
        from meanfield.cli.document import as_json as text
        from meanfield.cli.document import diagram_document

        print(text(diagram_document(result)))
        return
    print(result.summary())
    for failure in result.failures:
        print(f"meanfield: not traced: {failure}", file=sys.stderr)
