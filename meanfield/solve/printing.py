"""Solutions at the prompt and in notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from meanfield.printed import state, with_error

if TYPE_CHECKING:
    from meanfield.solve.solution import Solution

_STATES = 20  # that a notebook shows


def line(solution: Solution) -> str:
    """A solution, or many of one model on a grid, in one line."""
    model = solution.kernel.model
    name = model.name or model.title
    if solution.shape:
        found = int(np.sum(solution.found))
        claims = [np.nanmax(e) for e in solution.errors.values() if np.isfinite(e).any()]
        largest = f", largest claimed error {max(claims):.1e}" if claims else ""
        return f"<Solution {name}: {', '.join(solution.unknowns)} at {found} of {solution.found.size} points{largest}>"
    if not solution.found:
        return f"<Solution {name}: {'; '.join(solution.why.values()) or solution.status}>"
    said = [f"{unknown} = {_number(solution, unknown)}" for unknown in solution.unknowns]
    label = state(solution.physical, solution.stable)
    return f"<Solution {name}: {', '.join([*said, *([label] if label else [])])}>"


def html(solutions: Sequence[Solution], why: str = "") -> str:
    """A table of the states at one point: unknowns with their claimed errors, labels and status."""
    if not solutions:
        return f"<p>{escape(why)}</p>"
    head = [*solutions[0].unknowns, "", "status"]
    rows = [
        [*(_number(s, unknown) for unknown in s.unknowns), state(s.physical, s.stable), str(s.status)] for s in solutions[:_STATES]
    ]
    lines = ["".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row) for tag, row in [("th", head), *(("td", r) for r in rows)]]
    left = f"<p>… and {len(solutions) - _STATES} more</p>" if len(solutions) > _STATES else ""
    return f"<table>{''.join(f'<tr>{cells}</tr>' for cells in lines)}</table>{left}"


def _number(solution: Solution, name: str) -> str:
    return with_error(float(solution[name]), float(solution.error[name]))
