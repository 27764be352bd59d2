"""What became of a point: an enum whose values are sentences, stored in arrays as small integers."""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Status(Enum):
    """The end of a solve at one point. ``str(status)`` is a sentence; ``status.code`` is what arrays hold."""

    CONVERGED = "converged: the claimed error is within the tolerance"
    CLAIM_ABOVE_TOLERANCE = "converged, but the claimed error is above the tolerance"
    STAGNATED = "stagnated: no step along Newton's direction reduces the residual (perhaps there is no root here)"
    LEFT_DOMAIN = "left the domain: the root lies outside the domain of the unknowns, beyond its claimed error"
    SINGULAR = "singular Jacobian: Newton's step is undefined and the residual is not zero"
    NAN = "NaN: the residual is not a finite number at the start or anywhere along the step"
    MAX_ITERATIONS = "the maximum of iterations was reached before convergence"
    REJECTED = "rejected: the root fails an acceptance rule of the model"
    NO_SOLUTION = "no solution was found from any start"
    FAMILY = "converged to one of a continuous family of solutions, from which the claimed error is the distance"

    code: int

    def __new__(cls, sentence: str) -> Status:
        member = object.__new__(cls)
        member._value_ = sentence
        member.code = len(cls.__members__)
        return member

    def __str__(self) -> str:
        return self.value

    @property
    def in_short(self) -> str:
        """What a start did, in a few words."""
        return _IN_SHORT.get(self.name, self.name.lower().replace("_", " "))

    @property
    def found(self) -> bool:
        """True if the point is a root, with whatever claimed error."""
        return self in _FOUND

    @classmethod
    def from_code(cls, code: int) -> Status:
        """The status whose code is `code` (as stored in arrays)."""
        return _BY_CODE[int(code)]


_BY_CODE = tuple(Status)
_FOUND = (Status.CONVERGED, Status.CLAIM_ABOVE_TOLERANCE, Status.FAMILY)
_IN_SHORT = {
    "NAN": "met values that are not finite or laws too wide to average over",
    "SINGULAR": "met a singular Jacobian",
    "MAX_ITERATIONS": "took too many steps",
}


def sentence(status: Status, detail: str = "") -> str:
    """The sentence of `status`; with `detail`, what is more precise than the general one ("rejected: <detail>")."""
    return f"{status.value.split(':')[0]}: {detail}" if detail else status.value


def found_mask(codes: ArrayLike) -> NDArray[np.bool_]:
    """Boolean array: which codes mean that a root was found."""
    codes = np.asarray(codes)
    return np.isin(codes, [status.code for status in _FOUND])


def tally(codes: ArrayLike) -> dict[Status, int]:
    """How many entries have each status, most frequent first; statuses that do not occur are left out."""
    counts = np.bincount(np.asarray(codes, dtype=np.int64).ravel(), minlength=len(_BY_CODE))
    order = np.argsort(-counts, kind="stable")
    return {_BY_CODE[i]: int(counts[i]) for i in order if counts[i]}
