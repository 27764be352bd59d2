"""Boundaries of the dynamics: the Lyapunov exponent, computed on request, as a condition of a diagram."""

import numpy as np

import meanfield as mf


def test_zero_of_the_lyapunov_exponent_is_found_by_the_diagram() -> None:
    """It is the onset of chaos by another name, so the two curves coincide: they have no corners in common."""
    scs = mf.models.by_name("scs")
    d = mf.diagram(scs, plane=("g", "sigma_squared"), window=((1.2, 2.4), (0.1, 1.0)), points=3, conditions=["lambda_max"])
    (curve,) = d.curves
    assert d.certificate is not None and not d.certificate.missing and d.corners == []
    assert len(curve.points) > 8 and np.ptp(curve.points[:, 1]) > 0.85
    onset = mf.solve(mf.indicator_zero(scs, "onset_of_chaos", free="g"), sigma_squared=curve.points[:, 1])
    np.testing.assert_allclose(curve.points[:, 0], onset["g"], rtol=0, atol=1e-9)
    assert (np.abs(curve.points[:, 0] - onset["g"]) <= curve.errors[:, 0] + onset.error["g"]).all()
