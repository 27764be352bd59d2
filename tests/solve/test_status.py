"""Statuses are sentences, and small integers in arrays."""

import numpy as np

from meanfield.solve import FunctionProblem, Problem, Status, found_mask, sentence, tally
from tests.solve import analytic_zoo as zoo


def test_codes_round_trip_and_sentences_read():
    assert [Status.from_code(s.code) for s in Status] == list(Status)
    assert str(Status.CONVERGED).startswith("converged")
    assert sentence(Status.REJECTED, "Delta_inf must be below Delta_0") == "rejected: Delta_inf must be below Delta_0"
    assert sentence(Status.NAN) == str(Status.NAN)


def test_masks_and_tallies():
    codes = np.array([Status.NAN.code, Status.CONVERGED.code, Status.NAN.code, Status.CLAIM_ABOVE_TOLERANCE.code])
    assert found_mask(codes).tolist() == [False, True, False, True]
    assert next(iter(tally(codes).items())) == (Status.NAN, 2)


def test_hand_written_problems_satisfy_the_protocol():
    assert isinstance(zoo.cubic(), Problem) and isinstance(zoo.RankOne(), Problem)
    bare = FunctionProblem(lambda x, p: x, lambda x, p: 1 + 0 * x[:, :, None], ["x"])
    assert not hasattr(bare, "claims") and bare.lower.tolist() == [-np.inf]
