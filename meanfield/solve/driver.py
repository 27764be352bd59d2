"""`solve`: from a model and parameters to solutions with claimed errors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import sympy as sp

from meanfield.compile import Kernel, compile
from meanfield.conditions.condition import Condition, with_free
from meanfield.errors import ParameterError, brief
from meanfield.model import Model
from meanfield.progress import ProgressOption
from meanfield.solve.absence import explained
from meanfield.solve.choose import find_one, preferred
from meanfield.solve.chunks import in_chunks
from meanfield.solve.existence import check_given
from meanfield.solve.patchwork import Patchwork
from meanfield.solve.points import ParameterPoints, parameter_points
from meanfield.solve.problem import Array
from meanfield.solve.request import starts_from, transfer_from
from meanfield.solve.rows import Search
from meanfield.solve.search import find_all
from meanfield.solve.solution import Asked, Solution, Solutions
from meanfield.solve.status import Status
from meanfield.solve.symmetries import each_with_its_symmetries, model_at


def solve(
    model: Model | Condition,
    *,
    free: str | sp.Symbol | None = None,
    find: Literal["one", "all"] = "one",
    tol: float = 1e-10,
    digits: int | None = None,
    transfer: Any = None,
    starts: Any = None,
    data: Any = None,
    rounds: int = 2,
    method: Literal["newton", "relaxation"] = "newton",
    scheme: Any = None,
    progress: ProgressOption = None,
    **parameters: Any,
) -> Any:
    """Solve a model at given parameters.

    free: the parameter that becomes an unknown, for ``indicator_zero(model, name)``, which leaves it open.
    find: "one" returns a `Solution`: a stable state if there is one, else a physical one; ties go to the largest kappa,
    then the largest Delta_0. "all" returns `Solutions`: every one. Parameters are numbers, or arrays that broadcast.
    tol: claimed errors above it (absolute, or relative for values above 1) are flagged in the status. digits: polish to so
    many digits in multiple precision (one parameter point). transfer: another transfer function, or its name. starts: further
    starts (S, n) in the working unknowns, or tables ``{unknown: value}``, besides the model's own: with "one" the best state of
    all that is found comes back, from wherever; for the state near a place take the nearest of "all". data: x (N,), or (..., N)
    for several states, for models of given states. rounds: of deflated restarts. method: "newton", or "relaxation", the
    sources' pseudo-time x' = -x + F(x) from the starts, which reaches attracting states only (see
    `meanfield.solve.pseudo_time`).
    scheme: an object with ``points`` and ``weights`` for the weight exp(-x^2), such as ``quadpy.e1r2.gauss_hermite(50)``, for the
    averages over one Gaussian variable in the place of the rules that the library chooses; claims hold its distance from those.
    progress: True for a bar on standard error, or a function of (done, total, text); the points are solved some thousand at a time.
    Raises `ParameterError` for unknown, missing, non-finite or forbidden parameters and for those that make a law impossible,
    `AverageError` for those at which an average does not converge, `ModelError` for a transfer function
    for which the equations do not hold.
    """
    if find not in ("one", "all"):
        raise ParameterError(f'find must be "one" or "all", got {find!r}')
    if method not in ("newton", "relaxation"):
        raise ParameterError(f'method must be "newton" or "relaxation", got {method!r}')
    if not isinstance(tol, float | int | np.number) or not 0 < tol < np.inf:
        raise ParameterError(f"tol must be a positive and finite number, got {brief(tol)}")
    if isinstance(rounds, bool) or not isinstance(rounds, int | np.integer) or rounds < 0:
        raise ParameterError(f"rounds must be a whole number, at least 0, got {brief(rounds)}")
    model = with_free(model, free, "solve")
    if transfer is not None:
        model = model.with_transfer(transfer_from(transfer))
    if scheme is not None:
        model = _with_scheme(model, scheme, digits)
    points = parameter_points(model, parameters)
    model = model_at(model, points.p)
    check_given(model, points.p)
    if model.data or data is not None:
        from meanfield.solve.sampled import solve_sampled

        if method == "relaxation":
            raise ParameterError(f'{model.name or model.title} is solved for given states; use method="newton"')

        sampled = solve_sampled(model, points, data, find, tol)
        return sampled if digits is None else _with_digits(sampled, digits, parameters)
    if digits is not None:
        from meanfield.solve.precise import check_digits

        check_digits(digits, points.shape)
    extra = None if starts is None else starts_from(model, starts)
    if method == "relaxation":
        parts = [(model, _relaxed(model, points.p, find, tol, extra), np.arange(len(points.p)))]
    else:
        parts = follow_junctions(model, points.p, _search(model, points.p, find, tol, rounds, extra, progress), find, tol, rounds)
    result = one(points, parts, tol) if find == "one" else every(points, parts, tol)
    if digits is not None:
        return _with_digits(result, digits, parameters)
    above = any((part.rows.status == Status.CLAIM_ABOVE_TOLERANCE.code).any() for _, part, _ in parts)
    return _sharpened(result) if points.shape == () and (above or model.delicate) and model.scheme is None else result


def _with_scheme(model: Model, scheme: Any, digits: int | None) -> Model:
    from meanfield.compile.schemes import with_scheme

    if digits is not None:
        raise ParameterError("a scheme has double precision: leave out digits, or the scheme")
    return with_scheme(model, scheme)


def _search(model: Model, p: Array, find: str, tol: float, rounds: int, extra: Array | None, progress: ProgressOption) -> Search:
    """By Newton's method, points of delicate models that double precision does not solve by multiple precision."""

    def some(p: Array) -> Search:
        if find == "one" and extra is None:
            return find_one(model, p, tol)
        search = find_all(model, p, tol, rounds, extra)
        return replace(search, rows=preferred(compile(model), search.rows, p)) if find == "one" else search

    search = in_chunks(some, p, f"solving {model.name or model.title}", progress)
    if model.delicate and (search.why or (search.rows.status == Status.CLAIM_ABOVE_TOLERANCE.code).any()):
        from meanfield.solve.escalate import rescued

        search = rescued(model, p, search, tol)
        return replace(search, rows=preferred(compile(model), search.rows, p)) if find == "one" else search
    return search


# Multiple precision and relaxation are loaded when they are needed.
def _relaxed(model: Model, p: Array, find: str, tol: float, extra: Array | None) -> Search:
    from meanfield.solve.pseudo_time import find_relaxed

    return each_with_its_symmetries(lambda here, q: find_relaxed(here, q, find, tol, extra), model, p)


def _with_digits(result: Any, digits: int, parameters: Any) -> Any:
    from meanfield.solve.precise import with_digits

    return with_digits(result, digits, parameters)


def _sharpened(result: Any) -> Any:
    from meanfield.solve.escalate import sharpened

    return sharpened(result)


def follow_junctions(model: Model, p: Array, search: Search, find: str, tol: float, rounds: int) -> list[tuple[Model, Search, Any]]:
    """Points without a solution are handed to the phase on the other side of a junction, if the model has one to follow."""
    parts = [(model, explained(model, p, search), np.arange(len(p)))]
    for junction in model.junctions:
        if not junction.follow:
            continue
        missing = np.array(sorted(set(range(len(p))) - set(search.rows.owner.tolist())), dtype=np.intp)
        if missing.size:
            inner = p[missing]
            phase = junction.phase
            beyond = lambda p, phase=phase: find_one(phase, p, tol) if find == "one" else find_all(phase, p, tol, rounds)
            found = in_chunks(beyond, inner, f"solving {phase.name or phase.title}")
            parts.append((junction.phase, explained(junction.phase, inner, found), missing))
    return parts


def one(points: ParameterPoints, parts: list[tuple[Model, Search, Any]], tol: float) -> Solution | Patchwork:
    """The single `Solution`; a `Patchwork` of them where the points lie in different phases."""
    filled = [(m, s, where) for m, s, where in parts if len(s.rows.owner)] or parts[-1:]
    solutions = [_solution(compile(model), search, where, points, tol) for model, search, where in filled]
    return solutions[0] if len(solutions) == 1 else Patchwork(solutions)


def _solution(kernel: Kernel, search: Search, where: Any, points: ParameterPoints, tol: float) -> Solution:
    rows = replace(search.rows, owner=where[search.rows.owner])
    why = {int(where[i]): sentence for i, sentence in search.why.items()}
    return Solution(kernel, rows, points.p, points.shape, points.given, why, tol=tol)


def every(points: ParameterPoints, parts: list[tuple[Model, Search, Any]], tol: float) -> Solutions:
    """All solutions, point by point."""
    found: list[list[Solution]] = [[] for _ in range(len(points.p))]
    why = [""] * len(points.p)
    for model, search, where in parts:
        for k in range(len(search.rows.owner)):
            row = search.rows.take(np.array([k]))
            i = int(where[row.owner[0]])
            kernel = compile(model_at(model, points.p[i : i + 1]))
            row = replace(row, owner=np.array([0]))
            given = {name: values[i : i + 1] for name, values in points.given.items()}
            found[i].append(Solution(kernel, row, points.p[i : i + 1], (), given, tol=tol))
        for j, sentence in search.why.items():
            why[int(where[j])] = sentence
    each = []
    for i, (some, sentence) in enumerate(zip(found, why, strict=True)):
        asked = Asked(parts[0][0], {name: values[i : i + 1] for name, values in points.given.items()}, tol)
        each.append(Solutions(some, "" if some else (sentence or str(Status.NO_SOLUTION)), asked=asked))
    if points.shape == ():
        return each[0]
    return Solutions([s for e in each for s in e], "", each, points.shape, Asked(parts[0][0], points.given, tol))
