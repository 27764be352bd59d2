"""``meanfield verify``: a solution of the equations beside finite networks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from meanfield.errors import ParameterError

__all__ = ["verify"]

_EXIT = {"pass": 0, "fail": 1, "inconclusive": 4}


def verify(
    model: str = typer.Argument(..., metavar="MODEL", help="Name, or path/to/file.py:attribute (that file runs)."),
    parameter: list[str] = typer.Option([], "-p", metavar="NAME=VALUE", help="A parameter: g=2, g=sqrt(2)."),
    neurons: str | None = typer.Option(
        None,
        "--neurons",
        metavar="A,B,C",
        help="Sizes, at least three (default 250,500,1000; fixed points 40,60,80,100, planted 100,180,250,400).",
    ),
    networks: int | None = typer.Option(
        None,
        "--networks",
        min=3,
        help="Networks of the largest size, of smaller ones as many more (default 12; fixed points 100, planted 1024).",
    ),
    state: int | None = typer.Option(None, "--state", min=0, help="Which of all solutions (default: the one of interest)."),
    quantities: str | None = typer.Option(None, "--quantities", metavar="A,B", help="Only these."),
    trajectories: int | None = typer.Option(None, "--trajectories", min=1, help="Trajectories per network (default 2)."),
    time: float | None = typer.Option(None, "--time", help="Time over which is averaged (default 60)."),
    transient: float | None = typer.Option(None, "--transient", help="Time that is left out before (default 40)."),
    dt: float | None = typer.Option(None, "--dt", help="Step (its effect is measured and allowed for)."),
    lags: str | None = typer.Option(None, "--lags", metavar="A,B", help="Compare Delta(tau) at these delays."),
    lyapunov: bool | None = typer.Option(None, "--lyapunov", help="Compare the largest Lyapunov exponent."),
    precision: str | None = typer.Option(
        None, "--precision", metavar="float64|float32", help="Of the arithmetic (default float32)."
    ),
    starts: int | None = typer.Option(
        None, "--starts", min=64, help="Starts per network of a search for fixed points (default 4096)."
    ),
    planted: bool = typer.Option(False, "--planted", help="Plant fixed points in networks in the place of a search."),
    guided: bool | None = typer.Option(
        None, "--guided/--no-guided", help="Extrapolate searched networks along planted ones (default), or along a line in 1/N."
    ),
    seed: int | None = typer.Option(None, "--seed", min=0, help="The same seed gives the same networks (default 0)."),
    transfer: str | None = typer.Option(None, "--transfer", metavar="NAME", help="Another transfer function."),
    save: Path | None = typer.Option(
        None, "--save", metavar="FILE", help="Keep each finished network there; after Ctrl-C the same command goes on."
    ),
    plot: list[Path] = typer.Option([], "--plot", metavar="FILE.png|.svg|.pdf", help="Save a picture; may be repeated."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> int:
    """Compare a solution with finite networks, quantity by quantity, extrapolated to infinitely many neurons. Networks run; for a
    theory of fixed points (kac-rice) they are searched for those.

    Exit code 0: pass, every |z| < 4 with a standard error of at most 3 percent; 1: fail; 4: inconclusive; 3: no solution; 2: bad
    input; 130: interrupted.
    """
    import meanfield as mf
    from meanfield.cli.files import atomically, check_target
    from meanfield.cli.locate import find_model
    from meanfield.cli.parsing import numbers_of, values_of

    values = values_of(parameter)
    for picture in plot:
        check_target(picture, (".png", ".svg", ".pdf"), "--plot")
    found = find_model(model, transfer)
    given: dict[str, Any] = {"trajectories": trajectories, "time": time, "transient": transient, "dt": dt, "precision": precision}
    given |= {"lags": None if lags is None else numbers_of(lags), "lyapunov": lyapunov, "starts": starts, "seed": seed}
    given |= {"planted": planted or None, "guided": guided}
    try:
        result = mf.verify(
            found,
            neurons=None if neurons is None else _sizes(neurons),
            networks=networks,
            state=state,
            quantities=None if quantities is None else [q.strip() for q in quantities.split(",")],
            settings={name: v for name, v in given.items() if v is not None},
            save=save,
            progress=sys.stderr.isatty(),
            **values,  # type: ignore[arg-type]
        )
    except KeyboardInterrupt:
        if save is None:
            raise
        print(f"meanfield: interrupted; {save} keeps the networks that are finished, the same command goes on", file=sys.stderr)
        return 130
    for picture in plot:
        if result.comparisons:
            with atomically(picture) as temporary:
                result.plot(save=temporary)
    if as_json:
        from meanfield.cli.document import as_json as text
        from meanfield.cli.document import verification_document

        print(text(verification_document(result)))
    else:
        from meanfield.cli.tables import verification_text

        print(verification_text(result))
    return _EXIT[result.verdict.value]


def _sizes(text: str) -> list[int]:
    from meanfield.cli.parsing import numbers_of

    sizes = numbers_of(text)
    if any(n != int(n) or n < 1 for n in sizes):
        raise ParameterError(f"--neurons must be whole numbers such as 250,500,1000, got {text!r}")
    return [int(n) for n in sizes]
