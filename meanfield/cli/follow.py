"""``meanfield continue``: the branches of a model along one parameter, with everything that happens on them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from meanfield.errors import ParameterError

if TYPE_CHECKING:
    from meanfield.continuation import Forest

__all__ = ["follow"]


def follow(
    model: str = typer.Argument(..., metavar="MODEL", help="Name, or path/to/file.py:attribute (that file runs)."),
    along: str = typer.Option(..., "--along", metavar="NAME=FROM:TO", help="What is followed and how far, such as g=0.5:3."),
    parameter: list[str] = typer.Option([], "-p", metavar="NAME=VALUE", help="A fixed parameter: g=2, g=sqrt(2)."),
    transfer: str | None = typer.Option(None, "--transfer", metavar="NAME", help="Another transfer function."),
    find: str = typer.Option(
        "all", "--find", metavar="all|one", help="All branches in the window, or the one of the state that solve prefers at FROM."
    ),
    switch: bool = typer.Option(False, "--switch", help="Go on where branches cross and where phases join."),
    tol: float = typer.Option(1e-10, "--tol", help="Tolerance of the solutions from which branches start."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
    out: Path | None = typer.Option(None, "--out", metavar="FILE.nc", help="Save points, errors, stability and events."),
    plot: list[Path] = typer.Option([], "--plot", metavar="FILE.png|.svg|.pdf", help="Save a picture; may be repeated."),
    quantity: str | None = typer.Option(None, "--quantity", metavar="A,B", help="What the picture shows (default: all unknowns)."),
) -> int:
    """Follow the solutions of a model along a parameter; locate folds, branch points, phase boundaries and junctions.

    Exit code 0: at least one branch; 3: no solution to start from, and why; 2: bad input; 130: interrupted.
    """
    from meanfield.cli.files import check_target
    from meanfield.cli.locate import find_model
    from meanfield.cli.parsing import interval

    if find not in ("all", "one"):
        raise ParameterError(f"--find must be 'all' or 'one', got {find!r}")
    if not tol > 0:
        raise ParameterError(f"--tol must be positive, got {tol}")
    name, begin, end = interval(along, "--along")
    held = _held(parameter)
    if out is not None:
        check_target(out, (".nc",), "--out")
    for picture in plot:
        check_target(picture, (".png", ".svg", ".pdf"), "--plot")
    found = find_model(model, transfer)
    quantities = _quantities(found, quantity)
    which: Literal["all", "one"] = "one" if find == "one" else "all"

    import meanfield as mf

    forest = mf.bifurcation_diagram(found, name, (begin, end), find=which, switch=switch, tol=tol, progress=True, **held)
    _save(forest, out, plot, quantities)
    heading = {"model": found.name or model, "parameters": held, "along": {"name": name, "from": begin, "to": end}}
    _report(forest, heading, as_json)
    return _close(forest)


def _held(items: list[str]) -> dict[str, Any]:
    """The fixed parameters. Raises `ParameterError` for a sweep."""
    from meanfield.cli.parsing import Sweep, parameters

    held = parameters(items)
    for name, value in held.items():
        if isinstance(value, Sweep):
            raise ParameterError(f"parameter {name!r} must have one value here; --along is what is followed")
    return held


def _quantities(model: Any, text: str | None) -> list[str] | None:
    """What the picture shows, checked."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        model.named(name)  # raises, with the nearest name
    return names or None


def _save(forest: Forest, out: Path | None, plot: list[Path], quantities: list[str] | None) -> None:
    """The files, unless there is nothing to write."""
    from meanfield.cli.files import atomically

    if not len(forest):
        return
    if out is not None:
        with atomically(out) as temporary:
            forest.to_netcdf(temporary)
    if plot:
        from meanfield.plotting import bifurcation_panels
        from meanfield.plotting.style import save_figure

        figure = bifurcation_panels(forest, quantities)
        for picture in plot:
            with atomically(picture) as temporary:
                save_figure(figure, temporary)


def _report(forest: Forest, heading: dict[str, Any], as_json: bool) -> None:
    """Print the branches on standard output."""
    if as_json:
        from meanfield.cli.document import as_json as text
        from meanfield.cli.document import branch_document

        print(text({**heading, "branches": [branch_document(branch) for branch in forest]}))
    elif len(forest):
        from meanfield.cli.tables import forest_text

        print(forest_text(forest, heading))


def _close(forest: Forest) -> int:
    """The exit code, and on standard error the sentence that goes with it."""
    if forest.interrupted:
        print(f"meanfield: interrupted; {len(forest)} branches kept, as far as they were followed", file=sys.stderr)
        return 130
    if len(forest):
        return 0
    print(f"meanfield: {forest.why or 'no solution: nothing to follow in this window'}", file=sys.stderr)
    return 3
