"""``meanfield solve``: all solutions of a model at one parameter point or over a sweep."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from meanfield.errors import NoSolution, ParameterError

if TYPE_CHECKING:
    from meanfield.model import Model
    from meanfield.records import Record

__all__ = ["solve"]

_CHUNK = 256  # points between two reports of progress, and the most that an interrupt can lose


def solve(
    model: str = typer.Argument(..., metavar="MODEL", help="Name, or path/to/file.py:attribute (that file runs)."),
    parameter: list[str] = typer.Option(
        [], "-p", metavar="NAME=VALUE", help="A parameter: g=2, g=sqrt(2), or a sweep g=0.5:3:26 (start:stop:count)."
    ),
    transfer: str | None = typer.Option(None, "--transfer", metavar="NAME", help="Another transfer function."),
    find: str = typer.Option("all", "--find", metavar="all|one", help="All solutions, or the one of interest."),
    method: str = typer.Option("newton", "--method", metavar="newton|relaxation", help="Newton's, or pseudo-time relaxation."),
    tol: float = typer.Option(1e-10, "--tol", help="Tolerance of the solutions."),
    digits: int | None = typer.Option(None, "--digits", min=1, help="Polish to this many digits."),
    observables: str | None = typer.Option(
        None, "--observables", metavar="A,B", help="Only these observables; also those on request."
    ),
    data: Path | None = typer.Option(None, "--data", metavar="FILE.npy", help="Data x of shape (..., N)."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document."),
    out: Path | None = typer.Option(None, "--out", metavar="FILE.nc", help="Save an xarray dataset."),
) -> int:
    """Solve a model and print every solution with its claimed errors.

    Exit code 0: at least one solution; 3: none, and why; 2: bad input.
    """
    from meanfield.cli.files import check_target, load_array
    from meanfield.cli.locate import find_model
    from meanfield.cli.parsing import LARGEST_COUNT, Sweep, parameters

    if find not in ("all", "one"):
        raise ParameterError(f"--find must be 'all' or 'one', got {find!r}")
    if method not in ("newton", "relaxation"):
        raise ParameterError(f"--method must be 'newton' or 'relaxation', got {method!r}")
    if not 0 < tol < math.inf:
        raise ParameterError(f"--tol must be positive and finite, got {tol}")
    values = parameters(parameter, digits)
    if out is not None:
        check_target(out, (".nc",), "--out")
    found = find_model(model, transfer)
    chosen = _observables(found, observables)
    task = _Task(found, model, find, tol, digits, chosen)
    task.swept = {name: v for name, v in values.items() if isinstance(v, Sweep)}
    task.fixed = {name: v for name, v in values.items() if name not in task.swept}
    if method != "newton":
        task.extra["method"] = method
    if data is not None:
        task.extra["data"] = load_array(data)
        if task.swept and task.extra["data"].ndim > 1:
            raise ParameterError(f"a sweep takes one state, data of shape (N,); {data} has the shape {task.extra['data'].shape}")
    if (points := math.prod(sweep.count for sweep in task.swept.values())) > LARGEST_COUNT:
        raise ParameterError(f"the sweeps make a grid of {points} points, at most {LARGEST_COUNT} are allowed; split it")
    if task.swept and digits is not None:
        raise ParameterError("--digits polishes one parameter point; give every parameter one value")
    interrupted = task.run()
    task.report(as_json)
    if out is not None:
        task.save(out)
    return task.close(interrupted)


def _observables(model: Model, text: str | None) -> list[str] | None:
    """The observables asked for, checked. None: all."""
    if text is None:
        return None
    from difflib import get_close_matches

    unknowns = [s.name for s in model.public_unknowns]  # asked for as an observable: kappa, which is one in other models
    known = [*model.observables, *model.on_request, *model.spectra, *model.per_neuron, *unknowns, *model.indicators]
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise ParameterError(f"--observables {text!r} names none; it has {', '.join(known) or 'none'}")
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(known) or 'none'}"
            raise ParameterError(f"the model has no observable {name!r}; {hint}")
    return names


@dataclass
class _Task:
    """What is to be solved, and what has been."""

    model: Model
    locator: str
    find: str
    tol: float
    digits: int | None
    observables: list[str] | None
    swept: dict[str, Any] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    points: list[tuple[dict[str, Any], list[Record]]] = field(default_factory=list)
    whys: list[str] = field(default_factory=list)
    total: int = 1

    @property
    def name(self) -> str:
        return self.model.name or self.locator

    def run(self) -> bool:
        """Solve; returns whether it was interrupted. What was solved before an interrupt is kept in ``points``."""
        try:
            if self.swept:
                self._sweep()
            else:
                found, whys = self._solve(**self.fixed)
                self.total = len(found)
                # Data of shape (..., N) are several states at one parameter point.
                places = [{"state": k, **self.fixed} for k in range(self.total)]
                self._keep(found, whys, places if self.total > 1 else [self.fixed])
        except KeyboardInterrupt:
            return True
        return False

    def _solve(self, **parameters: Any) -> tuple[list[list[Any]], list[str]]:
        """The solutions at each parameter point, and for each the sentence that says why there is none (or "")."""
        import meanfield as mf
        from meanfield.records import per_point

        find: Literal["all", "one"] = "one" if self.find == "one" else "all"
        try:
            result = mf.solve(self.model, find=find, tol=self.tol, digits=self.digits, **self.extra, **parameters)
        except NoSolution as error:
            return [[]], [str(error)]
        return per_point(result)

    def _keep(self, found: list[list[Any]], whys: list[str], parameters: list[dict[str, Any]]) -> None:
        from meanfield.records import records

        self.whys += [why for solutions, why in zip(found, whys, strict=True) if why and not solutions]
        self.points += zip(parameters, records(found, self.observables), strict=True)

    def _sweep(self) -> None:
        import numpy as np

        from meanfield.progress import reporting

        grid = np.meshgrid(*(sweep.values() for sweep in self.swept.values()), indexing="ij")
        flat = {name: axis.ravel() for name, axis in zip(self.swept, grid, strict=True)}
        self.total = grid[0].size
        with reporting(sys.stderr.isatty()) as progress:
            progress.start(self.total, f"solving {self.name}")
            for first in range(0, self.total, _CHUNK):
                chunk = {name: values[first : first + _CHUNK] for name, values in flat.items()}
                places = [dict(zip(chunk, map(float, row), strict=True)) for row in zip(*chunk.values(), strict=True)]
                try:
                    answer = self._solve(**chunk, **self.fixed)
                except ParameterError:
                    # The points of one chunk may belong to different phases; and one bad point names itself this way.
                    answer = ([], [])
                    for place in places:
                        found, whys = self._solve(**place, **self.fixed)
                        answer[0].extend(found)
                        answer[1].extend(whys)
                self._keep(*answer, [{**place, **self.fixed} for place in places])
                progress.advance(len(places))

    @property
    def axes(self) -> dict[str, Any]:
        """What the points differ in: ``{name: values}``."""
        if self.swept or self.total == 1:
            return {name: sweep.values() for name, sweep in self.swept.items()}
        return {"state": range(self.total)}

    def report(self, as_json: bool) -> None:
        """Print the solutions on standard output."""
        if as_json:
            from meanfield.cli.document import as_json as text
            from meanfield.cli.document import point_document

            documents = [point_document(self.name, {**p, **self._defaults(p)}, records, self.digits) for p, records in self.points]
            if self.axes:
                print(text({"model": self.name, "points": documents}))
            elif documents:
                print(text(documents[0]))
            return
        from meanfield.cli.tables import solution_text, sweep_text

        if self.axes:
            print(sweep_text(self.name, list(self.axes), self.points, self.fixed, self.observables or (), self.whys))
        elif any(records for _, records in self.points):
            print(solution_text(self.name, self.fixed, self.points[0][1], self.digits))

    def _defaults(self, given: dict[str, Any]) -> dict[str, float]:
        """Parameters that were not given, at the values that the model gives them."""
        from meanfield.averages.passes import explicit

        accepted = self.model.prepare.accepts if self.model.prepare else ()
        if any(name in given for name in accepted):  # stands for several others, whose defaults then mean nothing
            return {}
        return {s.name: float(explicit(v).evalf()) for s, v in self.model.defaults.items() if s.name not in given}

    def save(self, path: Path) -> None:
        """Write what was solved, unless nothing was; the points that an interrupt left out are empty."""
        from meanfield.cli.files import atomically
        from meanfield.store import dataset, save

        if not self.points:
            return
        rest: list[list[Record]] = [[] for _ in range(self.total - len(self.points))]
        whole = dataset([r for _, r in self.points] + rest, self.axes, model=self.model, fixed=self.fixed, tol=self.tol)
        with atomically(path) as temporary:
            save(whole, temporary)

    def close(self, interrupted: bool) -> int:
        """The exit code, and on standard error the sentence that goes with it."""
        if interrupted:
            print(f"meanfield: interrupted; {len(self.points)} of {self.total} points kept", file=sys.stderr)
            return 130
        if any(records for _, records in self.points):
            return 0
        why = list(dict.fromkeys(self.whys)) or [f"{self.name} has no solution here"]
        sentence = why[0] if why[0].startswith("no solution") else f"no solution: {why[0]}"
        print(f"meanfield: {sentence}", file=sys.stderr)
        return 3
