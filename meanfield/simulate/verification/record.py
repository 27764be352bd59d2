"""What `verify` returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from meanfield.simulate.verification.fit import Limit

__all__ = ["LARGEST_SHARE", "LARGEST_Z", "Comparison", "Verdict", "Verification"]

LARGEST_Z = 4.0
LARGEST_SHARE = 0.03


class Verdict(Enum):
    """pass: theory and networks agree, and closely enough to mean something. fail: they do not agree. inconclusive: the networks'
    error is too large to tell."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Comparison:
    """One quantity: theory beside networks.

    theory, theory_error: the solution's value and its claimed error. limit: of the networks for N -> infinity. step: what the
    finite step adds to it; ``value`` is corrected by it. step_error: standard error of that, rounding, and what leaving out
    trajectories may shift; for fixed points, what the extrapolation may miss. z: normal deviate of ``value - theory``. scale: what
    standard errors are a share of. doubt: why the two must not be compared, though both are there (fixed points are missing, say);
    then z is NaN.
    """

    name: str
    theory: float
    theory_error: float
    limit: Limit
    step: float
    step_error: float
    scale: float
    doubt: str = ""

    @property
    def value(self) -> float:
        return self.limit.value - self.step

    @property
    def standard_error(self) -> float:
        return float((self.limit.standard_error**2 + self.step_error**2) ** 0.5)

    @property
    def share(self) -> float:
        """The standard error as a share of the value."""
        return self.standard_error / self.scale

    @property
    def z(self) -> float:
        if self.doubt:
            return float("nan")
        return self._z(0.0)

    def _z(self, missed: float) -> float:
        more = (self.theory_error**2 + self.step_error**2 + missed**2) ** 0.5
        return self.limit.z(self.theory + self.step, float(more))

    @property
    def bent(self) -> bool:
        """Whether theory and networks differ, but by no more than a parabola in 1/N and the line do."""
        return not self.doubt and abs(self._z(0.0)) >= LARGEST_Z > abs(self._z(self.limit.missed))

    @property
    def verdict(self) -> Verdict:
        if self.doubt or self.bent:
            return Verdict.INCONCLUSIVE
        if not abs(self.z) < LARGEST_Z:
            return Verdict.FAIL
        # A line in 1/N that does not fit its own sizes says nothing about infinite N.
        fits = not self.limit.curvature >= LARGEST_Z
        return Verdict.PASS if self.share <= LARGEST_SHARE and fits else Verdict.INCONCLUSIVE

    @property
    def reason(self) -> str:
        """Why the networks cannot tell, where they cannot; else empty."""
        if self.verdict is not Verdict.INCONCLUSIVE or self.doubt:
            return self.doubt
        if self.limit.curvature >= LARGEST_Z:
            return f"{self.name} does not lie on a line in 1/N"
        if self.bent:
            return f"theory and networks differ in {self.name} by no more than a line and a parabola in 1/N do"
        return f"the standard error of {self.name} is {100 * self.share:.1f}% of its size"


@dataclass(frozen=True)
class Verification:
    """A model's state beside finite networks.

    state: the solution that is verified, in words; others: the further solutions. neurons: the sizes; networks: how many of each
    were run, used: how many were in the state. counts: for each size, trajectories by what they do (fixed points by whether they
    were found; counted says which). comparisons: one for each quantity. skipped: quantities of the model that networks do not
    show. note: what the comparison is, in words, where that is not obvious.
    """

    model: str
    parameters: Mapping[str, float]
    state: str
    others: Sequence[str]
    neurons: Sequence[int]
    networks: Sequence[int]
    used: Sequence[int]
    counts: Sequence[Mapping[str, int]]
    comparisons: Sequence[Comparison]
    skipped: Sequence[str]
    settings: Mapping[str, Any]
    why: str = ""
    note: str = ""
    counted: str = "trajectories"

    @property
    def verdict(self) -> Verdict:
        """fail if any quantity fails, inconclusive if any is, else pass."""
        found = {c.verdict for c in self.comparisons}
        if Verdict.FAIL in found:
            return Verdict.FAIL
        return Verdict.INCONCLUSIVE if Verdict.INCONCLUSIVE in found or not found else Verdict.PASS

    @property
    def reason(self) -> str:
        """Why the verdict is inconclusive: ``why`` nothing was compared, or what is not known well enough; else empty."""
        if self.why or self.verdict is not Verdict.INCONCLUSIVE:
            return self.why
        found = "; ".join(dict.fromkeys(c.reason for c in self.comparisons if c.reason))
        if all(c.doubt for c in self.comparisons if c.reason):
            return found  # it says what to do
        more = "or larger ones" if self.counted == "fixed points" else "larger ones, or a longer time"
        return f"{found}; take more networks, {more} ({100 * LARGEST_SHARE:.0f}% is asked for)"

    @property
    def passed(self) -> bool:
        return self.verdict is Verdict.PASS

    def __getitem__(self, name: str) -> Comparison:
        return next(c for c in self.comparisons if c.name == name)

    def __str__(self) -> str:
        lines = [f"{self.model}: {self.verdict.value}" + (f" ({self.reason})" if self.reason else "")]
        for c in self.comparisons:
            lines.append(
                f"  {c.name}: theory {c.theory:.6g} ± {c.theory_error:.1e}, networks {c.value:.6g} ± {c.standard_error:.2g} "
                f"({100 * c.share:.1f}%), " + (f"no z ({c.doubt})" if c.doubt else f"z = {c.z:+.2f}") + f": {c.verdict.value}"
            )
        if self.note:
            lines.append(f"  {self.note}")
        return "\n".join(lines)

    def plot(self, save: str | Path | None = None) -> Any:
        """Draw every quantity against 1/N, theory at 0; see `meanfield.plotting.verification`."""
        from meanfield.plotting.verify import verification

        return verification(self, save=save)
