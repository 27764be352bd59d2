"""The stationary states of the rank-one network: boundaries found from the model and the window alone."""

import numpy as np

import meanfield as mf

ONSET = 2.3256499033  # of chaos in the heterogeneous state at M_m M_n = 3, Sigma_m = 0; from another computation


def test_the_boundaries_of_the_stationary_states():
    model = mf.models.by_name("rank1-stationary")
    d = mf.diagram(model, plane=("g", "M_n"), window=((0.1, 2.6), (0.2, 3.0)), points=6, M_m=1, Sigma_m=0)
    assert d.certificate and not d.failures
    gain, onset, pitchfork = sorted(d.curves, key=lambda c: np.ptp(c.points[:, 0]))
    assert (gain.condition, onset.condition, pitchfork.condition) == ("chaos", "chaos", "pitchfork")
    assert (np.abs(gain.points[:, 0] - 1) <= gain.errors[:, 0]).all() and gain.errors[:, 0].max() < 1e-13
    assert (np.abs(pitchfork.points[:, 1] - 1) <= pitchfork.errors[:, 1]).all() and pitchfork.errors[:, 1].max() < 1e-13
    low, high = onset.points[np.argsort(onset.points[[0, -1], 1]) * -1]
    assert np.abs(low - 1).max() < 1e-9 and high[1] == 3.0
    assert abs(high[0] - ONSET) < 1e-10 and onset.errors[onset.points[:, 1] == 3.0].max() < 1e-13
    # There the onset has a double root, mu = Delta_0 = 0: no number of it is known better than the root of the rounding.
    (corner,) = d.corners
    assert corner.type == "end" and all(abs(corner.at[n] - 1) <= corner.error[n] < 1e-8 for n in ("g", "M_n"))
