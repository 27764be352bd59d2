"""``meanfield diagram``: the phase diagram of one or several models in a plane of two parameters."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from meanfield.errors import ParameterError

if TYPE_CHECKING:
    from meanfield.cli.parsing import Sweep
    from meanfield.diagram import PhaseDiagram
    from meanfield.model import Model

__all__ = ["diagram"]

_POINTS = 16


def diagram(
    model: list[str] = typer.Argument(
        ..., metavar="MODEL...", help="Names, or path/to/file.py:attribute (that file runs). Several share one plane."
    ),
    x: str | None = typer.Option(None, "--x", metavar="NAME=FROM:TO", help="Horizontal axis, such as g=0:3 or g=0:3:61."),
    y: str | None = typer.Option(None, "--y", metavar="NAME=FROM:TO", help="Vertical axis."),
    parameter: list[str] = typer.Option([], "-p", metavar="NAME=VALUE", help="A fixed parameter."),
    transfer: str | None = typer.Option(None, "--transfer", metavar="NAME", help="Another transfer function."),
    points: int | None = typer.Option(
        None, "--points", min=2, help=f"Cells of the grid along an axis that names no count (default {_POINTS})."
    ),
    ask: str = typer.Option(
        "", "--ask", metavar="A,B", help="Also draw the zeros of observables that are computed on request, such as lambda_max."
    ),
    tol: float | None = typer.Option(None, "--tol", help="Tolerance of solutions (default 1e-10)."),
    out: Path | None = typer.Option(None, "--out", metavar="FILE.nc", help="Save the data."),
    plot: list[Path] = typer.Option([], "--plot", metavar="FILE.png|.svg|.pdf", help="Save a picture; may be repeated."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document in place of the summary."),
    resume: Path | None = typer.Option(
        None,
        "--resume",
        metavar="FILE.nc",
        help="Go on with the diagram that --out saved when it was interrupted. What is left out is as it was; without --out the "
        "file is written anew.",
    ),
) -> int:
    """Find all states on a grid, follow branches along lines of it, trace every boundary as a curve; print a summary in words.

    The certificate says whether a change between neighbouring grid points is explained by no curve. Exit code 0: drawn; 3: no
    solution anywhere; 2: bad input; 130: interrupted, and --resume goes on with a saved file.
    """
    from meanfield.cli.files import check_target, undisturbed
    from meanfield.cli.locate import asked, find_model
    from meanfield.cli.parsing import values_of

    if resume is None and (x is None or y is None):
        raise ParameterError(f"give both axes: {'--x' if x is None else '--y'} NAME=FROM:TO is missing, such as g=0:3")
    if tol is not None and not tol > 0:
        raise ParameterError(f"--tol must be positive, got {tol}")
    for k, text in enumerate(model):
        if text in model[:k]:
            raise ParameterError(f"{text} is given twice; give each model once")
    request = _Request(x, y, points, values_of(parameter), tol)
    if (target := out or resume) is not None:
        check_target(target, (".nc",), "--out" if out else "--resume")
    out = target
    for picture in plot:
        check_target(picture, (".png", ".svg", ".pdf"), "--plot")
    from meanfield.diagram.phase import with_followed

    found = asked(with_followed([find_model(text, transfer) for text in model]), ask)
    result = _drawn(found, request) if resume is None else _resumed(resume, found, request)
    with undisturbed():
        _save(result, out, plot)
        _report(result, as_json)
    if result.interrupted:
        kept = "--resume goes on with the saved file" if out is not None else "with --out it could be saved and resumed"
        print(f"meanfield: interrupted; the diagram holds what is finished, {kept}", file=sys.stderr)
        return 130
    if result.number_of_solutions:
        return 0
    print(f"meanfield: no solution at any of the grid points, {_why(found[0], result)}", file=sys.stderr)
    return 3


def _why(model: Model, result: PhaseDiagram) -> str:
    """The reason at the first of the grid points, as `solve` gives it."""
    import meanfield as mf

    place: dict[str, Any] = dict(zip(result.plane.names, (float(result.plane.x[0]), float(result.plane.y[0])), strict=True))
    where = " and ".join(f"{name} = {value:g}" for name, value in place.items())
    held: dict[str, Any] = dict(result.parameters)
    why = mf.solve(model, find="all", tol=result.tol, **held, **place).why
    return f"such as {where}: {str(why).removeprefix('no solution: ')}"


@dataclass(frozen=True)
class _Request:
    """What the command line says; None where it says nothing."""

    x: str | None
    y: str | None
    points: int | None
    held: dict[str, float]
    tol: float | None

    def axes(self, counts: tuple[int, int]) -> list[tuple[str, Sweep] | None]:
        """Both axes; counts: the points along those that name none."""
        from meanfield.cli.parsing import window

        texts = zip((self.x, self.y), ("--x", "--y"), counts, strict=True)
        return [None if text is None else window(text, option, self.points or count) for text, option, count in texts]


def _drawn(models: list[Model], request: _Request) -> PhaseDiagram:
    """A new diagram."""
    from meanfield.cli.parsing import LARGEST_COUNT

    x, y = request.axes((_POINTS, _POINTS))
    assert x is not None and y is not None
    if (cells := x[1].count * y[1].count) > LARGEST_COUNT:
        raise ParameterError(f"the grid of --x and --y has {cells} points, at most {LARGEST_COUNT} are allowed")
    import meanfield as mf

    held: dict[str, Any] = dict(request.held)
    return mf.diagram(
        models,
        plane=(x[0], y[0]),
        window=((x[1].start, x[1].stop), (y[1].start, y[1].stop)),
        points=(x[1].count, y[1].count),
        tol=request.tol or 1e-10,
        progress=sys.stderr.isatty(),
        **held,
    )


def _resumed(file: Path, models: list[Model], request: _Request) -> PhaseDiagram:
    """The diagram in a file, finished. Raises `ParameterError` where the command line contradicts the file."""
    from meanfield.diagram import resume_diagram
    from meanfield.store import load_diagram

    result = load_diagram(file, models)
    plane, known = result.plane, result.parameters
    for option, text, name, axis, edges in zip(
        ("--x", "--y"), request.axes((len(plane.x), len(plane.y))), plane.names, (plane.x, plane.y), plane.edges, strict=True
    ):
        own = f"{name}={edges[0]:g}:{edges[1]:g}:{len(axis)}"
        if text is not None and (text[0], text[1].count, *sorted((text[1].start, text[1].stop))) != (name, len(axis), *edges):
            raise ParameterError(f"the diagram in {file} has {option} {own}; leave out {option} to go on with it")
    for name, value in request.held.items():
        if known.get(name) != value:
            had = f"{name} = {known[name]:g}" if name in known else f"no {name} given"
            raise ParameterError(f"the diagram in {file} was drawn with {had}, not {value:g}; leave out -p to go on with it")
    if request.x is None and request.y is None and request.points not in (None, len(plane.x), len(plane.y)):
        had = f"{len(plane.x)} x {len(plane.y)} points"
        raise ParameterError(f"the diagram in {file} has {had}; leave out --points {request.points} to go on with it")
    if request.tol not in (None, result.tol):
        raise ParameterError(f"the diagram in {file} was drawn with --tol {result.tol:g}, not {request.tol:g}")
    return resume_diagram(result, progress=sys.stderr.isatty())


def _save(result: PhaseDiagram, out: Path | None, plot: list[Path]) -> None:
    """The files."""
    from meanfield.cli.files import atomically

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


def _report(result: PhaseDiagram, as_json: bool) -> None:
    if as_json:
        from meanfield.cli.document import as_json as text
        from meanfield.cli.document import diagram_document

        print(text(diagram_document(result)))
        return
    print(result.summary())
    for failure in result.failures:
        print(f"meanfield: not traced: {failure}", file=sys.stderr)
