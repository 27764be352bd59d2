"""``meanfield continue``: the branches of a model along one parameter, with everything that happens on them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from meanfield.errors import ParameterError

if TYPE_CHECKING:
    from meanfield.continuation import Forest
    from meanfield.model import Model

__all__ = ["follow"]


def follow(
    model: str = typer.Argument(..., metavar="MODEL", help="Name, or path/to/file.py:attribute (that file runs)."),
    along: str | None = typer.Option(None, "--along", metavar="NAME=FROM:TO", help="What is followed, from where to where."),
    parameter: list[str] = typer.Option([], "-p", metavar="NAME=VALUE", help="A fixed parameter: g=2, g=sqrt(2)."),
    transfer: str | None = typer.Option(None, "--transfer", metavar="NAME", help="Another transfer function."),
    find: str | None = typer.Option(
        None,
        "--find",
        metavar="all|one",
        help="All branches in the window (default), or the one of the state that solve prefers at FROM.",
    ),
    switch: bool = typer.Option(False, "--switch", help="Go on where branches cross and where phases join."),
    ask: str = typer.Option(
        "", "--ask", metavar="A,B", help="Also locate the zeros of observables that are computed on request, such as lambda_max."
    ),
    tol: float | None = typer.Option(None, "--tol", help="Tolerance of the solutions from which branches start (default 1e-10)."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
    out: Path | None = typer.Option(None, "--out", metavar="FILE.nc", help="Save points, errors, stability and events."),
    plot: list[Path] = typer.Option([], "--plot", metavar="FILE.png|.svg|.pdf", help="Save a picture; may be repeated."),
    quantity: str | None = typer.Option(None, "--quantity", metavar="A,B", help="What the picture shows (default: all unknowns)."),
    resume: Path | None = typer.Option(
        None,
        "--resume",
        metavar="FILE.nc",
        help="Go on with the branches that --out saved: after an interrupt, with --switch, or with an --along that leads "
        "further. What is left out is as it was; without --out the file is written anew.",
    ),
) -> int:
    """Follow the solutions of a model along a parameter; locate folds, branch points, phase boundaries and junctions.

    Exit code 0: at least one branch; 3: no solution to start from, and why; 2: bad input; 130: interrupted.
    """
    from meanfield.cli.files import check_target, undisturbed
    from meanfield.cli.locate import asked, find_model
    from meanfield.cli.parsing import interval

    if find not in ("all", "one", None):
        raise ParameterError(f"--find must be 'all' or 'one', got {find!r}")
    if tol is not None and not tol > 0:
        raise ParameterError(f"--tol must be positive, got {tol}")
    if along is None and resume is None:
        raise ParameterError("say what is followed and how far: --along NAME=FROM:TO, such as --along g=0.5:3")
    path = None if along is None else interval(along, "--along")
    held = _held(parameter)
    if (target := out or resume) is not None:
        check_target(target, (".nc",), "--out" if out else "--resume")
    out = target
    for picture in plot:
        check_target(picture, (".png", ".svg", ".pdf"), "--plot")
    (found,) = asked([find_model(model, transfer)], ask)
    quantities = _quantities(found, quantity, switch)
    if resume is not None:
        forest = _resumed(resume, found, _Asked(path, held, find, switch, tol))
    else:
        import meanfield as mf

        assert path is not None
        name, begin, end = path
        which: Literal["all", "one"] = "one" if find == "one" else "all"
        forest = mf.bifurcation_diagram(
            found, name, (begin, end), find=which, switch=switch, tol=tol or 1e-10, progress=True, **held
        )
    with undisturbed():
        _save(forest, out, plot, quantities)
        _report(forest, found.name or model, as_json)
    return _close(forest)


@dataclass(frozen=True)
class _Asked:
    """What the command line says; None where it says nothing."""

    path: tuple[str, float, float] | None
    held: dict[str, Any]
    find: str | None
    switch: bool
    tol: float | None


def _resumed(file: Path, model: Model, asked: _Asked) -> Forest:
    """The branches in a file, further on. Raises `ParameterError` where the command line contradicts the file."""
    from meanfield.continuation import resume_forest
    from meanfield.store import load_branches

    forest = load_branches(file, model)
    origin = forest.origin
    if origin is None or not isinstance(origin.along, str):
        raise ParameterError(f"the branches in {file} were not made by this command; resume them in Python")
    for name, value in asked.held.items():
        if origin.given.get(name) != value:
            known = f"{name} = {origin.given[name]:g}" if name in origin.given else f"no {name} given"
            raise ParameterError(
                f"the branches in {file} were followed with {known}, not {value:g}; leave out -p to go on with them"
            )
    if asked.path is not None and asked.path[0] != origin.along:
        raise ParameterError(f"the branches in {file} were followed along {origin.along}, not {asked.path[0]}")
    if asked.find is not None and asked.find != origin.find:
        raise ParameterError(f"the branches in {file} were found with --find {origin.find}, not {asked.find}")
    forest.origin = replace(origin, switch=origin.switch or asked.switch, tol=asked.tol or origin.tol)
    return resume_forest(forest, None if asked.path is None else asked.path[1:], progress=True)


def _held(items: list[str]) -> dict[str, Any]:
    """The fixed parameters. Raises `ParameterError` for a sweep."""
    from meanfield.cli.parsing import Sweep, parameters

    held = parameters(items)
    for name, value in held.items():
        if isinstance(value, Sweep):
            raise ParameterError(f"parameter {name!r} must have one value here; --along is what is followed")
    return held


def _quantities(model: Model, text: str | None, switch: bool) -> list[str] | None:
    """What the picture shows, checked: quantities of the model, or of a phase that is gone over to."""
    from meanfield.model.checks import quantities_of
    from meanfield.model.phases import reachable

    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = {name for phase in (reachable([model]) if switch else []) for name in quantities_of(phase)}
    for name in names:
        if name not in known:
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


def _report(forest: Forest, model: str, as_json: bool) -> None:
    """Print the branches on standard output."""
    origin = forest.origin
    assert origin is not None
    along = {"name": origin.along, "from": origin.begin, "to": origin.end}
    heading = {"model": model, "parameters": dict(origin.given), "along": along}
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
        many = (
            f"{len(forest)} branch{'es' if len(forest) != 1 else ''} kept, as far as followed; --resume goes on with a saved file"
        )
        kept = many if len(forest) else "no branch was finished, and nothing is saved"
        print(f"meanfield: interrupted; {kept}", file=sys.stderr)
        return 130
    if len(forest):
        return 0
    print(f"meanfield: {forest.why or 'no solution: nothing to follow in this window'}", file=sys.stderr)
    return 3
