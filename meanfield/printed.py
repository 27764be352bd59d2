"""Numbers with their errors, and what is said of states, in print: the same at the prompt, in notebooks and on the terminal."""

from __future__ import annotations

import math


def with_error(value: float, error: float) -> str:
    """``1.924805413 ± 2.0e-15``: decimals stop where the error begins, and there are at least two. A dash for what is no number."""
    if not math.isfinite(value):
        return "–"
    scale = abs(float(error))
    if not 0 < scale < math.inf:
        return f"{value:.10g} ± {'0' if scale == 0 else '∞'}"
    known = math.floor(math.log10(abs(value))) - math.floor(math.log10(scale)) + 1 if value != 0 else 10
    return f"{value:.{min(16, max(2, known))}g} ± {scale:.1e}"


def state(physical: bool | None, stable: bool | None) -> str:
    """``physical, stable`` and the like; nothing for what is not defined."""
    words = []
    for flag, yes, no in ((physical, "physical", "not physical"), (stable, "stable", "unstable")):
        if flag is not None:
            words.append(yes if flag else no)
    return ", ".join(words)
