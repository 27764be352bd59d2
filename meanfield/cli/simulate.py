"""``meanfield simulate``: networks drawn at random, run and measured."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from meanfield.errors import ParameterError

if TYPE_CHECKING:
    from meanfield.simulate import Simulation

__all__ = ["simulate"]


def simulate(
    model: str = typer.Argument(..., metavar="MODEL", help="Name, or path/to/file.py:attribute (that file runs)."),
    parameter: list[str] = typer.Option([], "-p", metavar="NAME=VALUE", help="A parameter: g=2, g=sqrt(2)."),
    neurons: int = typer.Option(1000, "--neurons", min=1, help="Neurons of each network."),
    networks: int = typer.Option(10, "--networks", min=1, help="Networks."),
    trajectories: int = typer.Option(2, "--trajectories", min=1, help="Trajectories per network, started independently."),
    time: float = typer.Option(200.0, "--time", help="Time over which is averaged."),
    transient: float = typer.Option(100.0, "--transient", help="Time that is left out before."),
    dt: float | None = typer.Option(None, "--dt", help="Step (default: by the couplings' strength, at most 1/4, with noise 1/10)."),
    lags: str = typer.Option("", "--lags", metavar="A,B", help="Delays tau at which Delta(tau) is measured."),
    lyapunov: bool = typer.Option(False, "--lyapunov", help="Measure the largest Lyapunov exponent."),
    spectrum: bool = typer.Option(False, "--spectrum", help="Eigenvalues of the Jacobian at the end (saved by --out)."),
    method: str = typer.Option("fixed", "--method", metavar="fixed|RK23|RK45|DOP853", help="Steps dt, or SciPy's integrators."),
    precision: str = typer.Option("float64", "--precision", metavar="float64|float32", help="Of the arithmetic."),
    seed: int = typer.Option(0, "--seed", min=0, help="The same seed gives the same networks."),
    transfer: str | None = typer.Option(None, "--transfer", metavar="NAME", help="Another transfer function."),
    out: Path | None = typer.Option(None, "--out", metavar="FILE.nc", help="Save after each network."),
    resume: bool = typer.Option(False, "--resume", help="Go on with the networks that are in --out."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
) -> int:
    """Simulate finite networks of a model and print what was measured, with standard errors over networks.

    Exit code 0: all networks ran; 130: interrupted (what is finished is kept); 2: bad input.
    """
    import meanfield as mf
    from meanfield.cli.files import check_target
    from meanfield.cli.locate import find_model
    from meanfield.cli.parsing import numbers_of, values_of
    from meanfield.model.conditional import where_zero
    from meanfield.networks import bind_model
    from meanfield.simulate.run import check_memory
    from meanfield.simulate.settings import settings_of
    from meanfield.store.simulations import load_simulation

    values = values_of(parameter)
    if resume and out is None:
        raise ParameterError("--resume goes on with a file; give --out FILE.nc")
    if out is not None:
        check_target(out, (".nc",), "--out")
    found = find_model(model, transfer)
    numbers = bind_model(found, **values)
    settings: dict[str, Any] = {"trajectories": trajectories, "time": time, "transient": transient, "seed": seed}
    settings |= {"lags": numbers_of(lags), "lyapunov": lyapunov, "precision": precision, "dt": dt}
    settings |= {"spectrum": spectrum, "method": method}
    before = load_simulation(out, numbers) if resume and out is not None and out.exists() else None
    needed = check_memory(numbers, settings_of(numbers, neurons, settings))
    print(f"meanfield: {networks} networks, one after the other, {needed / 1e6:.0f} MB for each", file=sys.stderr)
    keep = None if out is None else lambda done: _save(done, out, found)
    result = mf.simulate(
        found,
        neurons=neurons,
        networks=networks,
        settings=settings,
        resume=before,
        finished=keep,
        progress=sys.stderr.isatty(),
        **values,
    )
    here = where_zero(found, (name for name, value in numbers.parameters.items() if value == 0))
    _report(result, found.name or model, bool(here.symmetries), as_json)
    if not result.complete:
        print(f"meanfield: interrupted; {len(result.measured)} of {networks} networks kept", file=sys.stderr)
        return 130
    return 0


def _save(done: Simulation, path: Path, model: Any) -> None:
    from meanfield.cli.files import atomically
    from meanfield.store.simulations import save_simulation

    with atomically(path) as temporary:
        save_simulation(done, temporary, model)


def _report(result: Simulation, name: str, symmetric: bool, as_json: bool) -> None:
    from meanfield.cli.document import as_json as text
    from meanfield.cli.document import simulation_document
    from meanfield.cli.tables import simulation_text
    from meanfield.simulate.summary import summary

    table = summary(result, symmetric)
    if as_json:
        print(text(simulation_document(name, result, table)))
    elif table.networks:
        print(simulation_text(name, result, table))
