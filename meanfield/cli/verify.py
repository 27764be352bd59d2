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
    neurons: str = typer.Option("250,500,1000", "--neurons", metavar="A,B,C", help="Sizes, at least three."),
    networks: int = typer.Option(12, "--networks", min=3, help="Networks of the largest size; of smaller ones as many more."),
    state: int | None = typer.Option(None, "--state", min=0, help="Which of all solutions (default: the one of interest)."),
    quantities: str | None = typer.Option(None, "--quantities", metavar="A,B", help="Only these."),
    trajectories: int = typer.Option(2, "--trajectories", min=1, help="Trajectories per network."),
    time: float = typer.Option(60.0, "--time", help="Time over which is averaged."),
    transient: float = typer.Option(40.0, "--transient", help="Time that is left out before."),
    dt: float | None = typer.Option(None, "--dt", help="Step (its effect is measured and allowed for)."),
    lags: str = typer.Option("", "--lags", metavar="A,B", help="Compare Delta(tau) at these delays."),
    lyapunov: bool = typer.Option(False, "--lyapunov", help="Compare the largest Lyapunov exponent."),
    precision: str = typer.Option("float32", "--precision", metavar="float64|float32", help="Of the arithmetic of networks."),
    seed: int = typer.Option(0, "--seed", min=0, help="The same seed gives the same networks."),
    transfer: str | None = typer.Option(None, "--transfer", metavar="NAME", help="Another transfer function."),
    plot: list[Path] = typer.Option([], "--plot", metavar="FILE.png|.svg|.pdf", help="Save a picture; may be repeated."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> int:
    """Compare a solution with simulated networks, quantity by quantity, extrapolated to infinitely many neurons.

    Exit code 0: pass, every |z| < 4 with a standard error of at most 3 percent; 1: fail; 4: inconclusive; 3: no solution; 2: bad
    input.
    """
    import meanfield as mf
    from meanfield.cli.files import atomically, check_target
    from meanfield.cli.locate import find_model
    from meanfield.cli.parsing import numbers_of, values_of

    values = values_of(parameter)
    sizes = numbers_of(neurons)
    if any(n != int(n) or n < 1 for n in sizes):
        raise ParameterError(f"--neurons must be whole numbers such as 250,500,1000, got {neurons!r}")
    for picture in plot:
        check_target(picture, (".png", ".svg", ".pdf"), "--plot")
    found = find_model(model, transfer)
    settings: dict[str, Any] = {"trajectories": trajectories, "time": time, "transient": transient, "dt": dt, "seed": seed}
    settings |= {"lags": numbers_of(lags), "lyapunov": lyapunov}
    result = mf.verify(
        found,
        neurons=[int(n) for n in sizes],
        networks=networks,
        state=state,
        quantities=None if quantities is None else [q.strip() for q in quantities.split(",")],
        settings={**settings, "precision": precision},
        progress=sys.stderr.isatty(),
        **values,
    )
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
