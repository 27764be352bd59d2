"""Tables for people: numbers with their errors, states in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meanfield import printed
from meanfield.records import Record

if TYPE_CHECKING:
    from meanfield.continuation import Branch, Event
    from meanfield.simulate import Simulation
    from meanfield.simulate.summary import Summary
    from meanfield.simulate.verification import Verification

__all__ = ["forest_text", "number", "simulation_text", "solution_text", "sweep_text", "table", "verification_text", "with_error"]


_MOST_NUMBERS = 6  # of an array that a table shows


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with one rule under its head, columns as wide as their widest entry."""
    widths = [max(len(line[i]) for line in (head, *rows)) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in (head, *rows)]
    rule = "──".join("─" * w for w in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def number(value: Any, digits: int | None = None) -> str:
    """One number, complex number or list of them."""
    if value is None:
        return "–"
    if isinstance(value, np.ndarray | list | tuple):
        return ", ".join(number(v, digits) for v in value) or "–"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, complex) or type(value).__name__ == "mpc":
        if value.imag == 0:
            return number(value.real, digits)
        return f"{number(value.real, digits)} {'-' if value.imag < 0 else '+'} {number(abs(value.imag), digits)}i"
    if not math.isfinite(value):
        return "–"
    if digits is not None:
        import mpmath

        if isinstance(value, float):  # known in double precision only
            digits = min(digits, 16)
        with mpmath.workdps(digits + 10):  # a new mpf is rounded to the working precision
            return str(mpmath.nstr(mpmath.mpf(value), digits))
    return f"{float(value):.10g}"


def with_error(value: Any, error: Any, digits: int | None = None) -> str:
    """``1.924805413 ± 2e-15``, also of arrays and of numbers of more digits than a float has."""
    if digits is None and error is not None and isinstance(value, int | float | np.integer | np.floating):
        return printed.with_error(float(value), float(error))
    text = number(value, digits)
    if np.size(value) > _MOST_NUMBERS:
        text = f"{number(value[:2], digits)}, … ({np.size(value)} numbers: all of them with --json or --out)"
    if error is None or text == "–":
        return text
    scale = float(np.max(np.abs(np.asarray(error, float)), initial=0.0))
    return f"{text} ± {scale:.1e}" if 0 < scale < math.inf else f"{text} ± {'0' if scale == 0 else '∞'}"


def state(record: Record) -> str:
    """``physical, stable`` and the like; nothing for what is not defined."""
    return printed.state(record.physical, record.stable)


def _assignments(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {number(v)}" for name, v in parameters.items())


def solution_text(title: str, parameters: Mapping[str, Any], records: Sequence[Record], digits: int | None) -> str:
    """All solutions at one parameter point, a block for each."""
    count = len(records)
    blocks = [f"{title}   {_assignments(parameters)}", f"{count} solution{'s' if count != 1 else ''}"]
    for i, record in enumerate(records, 1):
        label = state(record)
        head = f"\nsolution {i} of {count}" + (f" ({label})" if label else "")
        rows = [
            [kind, name, with_error(v, record.error.get(name), digits)]
            for kind, values in (("unknown", record.unknowns), ("observable", record.observables), ("indicator", record.indicators))
            for name, v in values.items()
        ]
        blocks += [head, table(["", "name", "value ± claimed error"], rows), record.status]
        if any(row[-1] == "–" for row in rows):
            blocks.append("–: no number at this state, where an average or a derivative in it does not exist")
    return "\n".join(blocks)


def sweep_text(
    title: str,
    swept: Sequence[str],
    points: Sequence[tuple[Mapping[str, Any], Sequence[Record]]],
    fixed: Mapping[str, Any],
    observables: Sequence[str] = (),
    whys: Sequence[str] = (),
) -> str:
    """A sweep: one line for each solution of each point, its unknowns and the ``observables`` named; and what was said where there
    is none."""
    names = next(([*r.unknowns, *observables] for _, records in points for r in records), [])
    rows = []
    for parameters, records in points:
        place = [number(parameters[name]) for name in swept]
        values = [{**r.observables, **r.unknowns} for r in records]
        rows += [[*place, *(with_error(v[n], r.error.get(n)) for n in names), state(r)] for r, v in zip(records, values)]
        if not records:
            rows.append([*place, *("–" for _ in names), "no solution"])
    found = sum(len(records) for _, records in points)
    return "\n".join(
        [
            f"{title}   {_assignments(fixed)}".rstrip(),
            f"{found} solution{'s' if found != 1 else ''} at {len(points)} points\n",
            table([*swept, *names, "state"], rows),
            *dict.fromkeys(whys),
        ]
    )


def forest_text(forest: Sequence[Branch], heading: Mapping[str, Any]) -> str:
    """All branches: where each begins and ends, and a line for everything that happens on it."""
    along = heading["along"]
    where = f"{along['name']} from {number(along['from'])} to {number(along['to'])}"
    points = sum(len(branch) for branch in forest)
    blocks = [
        f"{heading['model']}   {', '.join(filter(None, [_assignments(heading['parameters']), where]))}",
        f"{len(forest)} branch{'es' if len(forest) != 1 else ''}, {points} points; "
        f"the largest claimed error of a point is {_worst(forest):.1e}",
    ]
    return "\n".join(blocks + [_branch_text(branch) for branch in forest])


def _worst(forest: Sequence[Branch]) -> float:
    return max(float(np.nanmax(errors)) for branch in forest for errors in _errors_of_unknowns(branch))


def _errors_of_unknowns(branch: Branch) -> list[Any]:
    return [branch.error[s.name] for s in branch.model.public_unknowns]


def _branch_text(branch: Branch) -> str:
    u, name = branch.u[:, -1], branch.model.name or branch.model.title
    head = f"\nbranch {branch.id} of {name}: {len(branch)} points, {branch.along} = {number(u[0])} to {number(u[-1])}"
    if branch.partner is not None:
        return f"{head}, the symmetric image of branch {branch.partner.id}"
    events = branch.events()
    lines = [head, branch.status]
    if events:
        unknowns = list(events[0].unknowns)
        rows = [_event_row(event, branch.along, unknowns) for event in events]
        lines.append(table(["event", branch.along, *unknowns, "stability"], rows))
    return "\n".join(lines)


def _event_row(event: Event, along: str, unknowns: Sequence[str]) -> list[str]:
    name = event.name if event.type in event.name else f"{event.type}: {event.name}"
    place = with_error(event.at[along], event.error[along])
    values = [with_error(event.unknowns[n], event.error.get(n)) for n in unknowns]
    return [name, place, *values, _change(event.stable_before, event.stable_after)]


def _change(before: bool | None, after: bool | None) -> str:
    """``stable, then unstable``; one word where it stays what it is or is known on one side only."""
    words = ["stable" if flag else "unstable" for flag in (before, after) if flag is not None]
    return ", then ".join(dict.fromkeys(words))


def measured(value: float, error: float) -> str:
    """``1.913 ± 0.044``: two digits of a standard error, and as many decimals of the value."""
    if not (math.isfinite(error) and error > 0):
        return number(value)
    decimals = 1 - math.floor(math.log10(error))
    return f"{value:.{decimals}f} ± {error:.{decimals}f}" if 0 <= decimals <= 8 else f"{value:.6g} ± {error:.1e}"


def simulation_text(title: str, simulation: Simulation, summary: Summary) -> str:
    """What was measured, one line for each quantity, and in which states the trajectories were."""
    settings = simulation.settings
    networks = f"{len(summary.networks)} network{'s' if len(summary.networks) != 1 else ''} of {settings.neurons} neurons"
    rows = [[name, measured(value, error)] for name, (value, error) in summary.quantities.items()]
    return "\n".join(
        [
            f"{title}   {_assignments(simulation.numbers.parameters)}",
            f"{networks}, {settings.trajectories} trajectories each, averaged over {number(settings.time)} after "
            f"{number(settings.transient)}, step {number(settings.step)}",
            "trajectories: " + ", ".join(f"{count} {words}" for words, count in summary.counts.items()) + "\n",
            table(["name", "mean ± standard error over networks"], rows),
        ]
    )


def verification_text(result: Verification) -> str:
    """Theory beside networks, a line for each quantity; where trajectories were, or which fixed points were found; the verdict."""
    sizes = [
        f"N = {n}: {used} of {k} networks; {result.counted}: " + ", ".join(f"{count} {words}" for words, count in counts.items())
        for n, k, used, counts in zip(result.neurons, result.networks, result.used, result.counts, strict=True)
    ]
    rows = [
        [
            c.name,
            with_error(c.theory, c.theory_error),
            measured(c.value, c.standard_error),
            f"{100 * c.share:.1f}%",
            "–" if c.doubt else f"{c.z:+.2f}",
            c.verdict.value,
        ]
        for c in result.comparisons
    ]
    blocks = [f"{result.model}   {_assignments(result.parameters)}", f"state: {result.state}", *sizes]
    if rows:
        head = ["name", "theory ± claimed error", "networks, N -> infinity", "error", "z", "verdict"]
        blocks.append("\n" + table(head, rows))
    blocks += [f"\nno z: {doubt}" for doubt in sorted({c.doubt for c in result.comparisons} - {""})]
    if result.note:
        blocks.append(f"\n{result.note}")
    if result.skipped:
        blocks.append(f"\nnot compared: {', '.join(result.skipped)}")
    return "\n".join([*blocks, f"\n{result.verdict.value}" + (f": {result.reason}" if result.reason else "")])
