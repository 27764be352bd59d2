"""A point alone, for which averages over pairs have code of their own, and the same point among others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meanfield import models
from meanfield.compile import FINE, ROUGH, TIGHT, WORKING, compile
from meanfield.transfer import algebraic, erf, tanh

KERNELS = {phi.name: compile(models.by_name("rank1-chaotic").with_transfer(phi)) for phi in (tanh, erf, algebraic)}
SAME = {ROUGH: 1e-6, WORKING: 1e-10, TIGHT: 1e-11, FINE: 1e-12}  # relative to the terms: what the rules of that quality promise


@pytest.mark.parametrize("name", KERNELS)
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    level=st.sampled_from([ROUGH, WORKING, TIGHT, FINE]),
    edge=st.sampled_from([None, "delta", "Delta_inf", "mu"]),
)
def test_alone_and_among_others(name: str, seed: int, level: int, edge: str | None) -> None:
    kernel, rng = KERNELS[name], np.random.default_rng(seed)
    size = 12
    place = {"mu": 0, "Delta_inf": 1, "delta": 2}
    x = np.stack([rng.normal(size=size), rng.exponential(2.0, size), 10 ** rng.uniform(-5, 1, size)], axis=1)
    if edge is not None:
        x[0, place[edge]] = 0.0
    p = np.stack([rng.uniform(0.5, 5, size), rng.uniform(0, 2, size), rng.uniform(-3, 3, size), rng.uniform(0, 1, size)], axis=1)
    at = kernel.at(level)
    among, slopes_among = at.residual_jacobian(x, p)
    alone, slopes_alone = at.residual_jacobian(x[:1], p[:1])
    room = SAME[level] * (1 + np.abs(x[0]).max() ** 2) * (1 + p[0, 0] ** 2) * 30
    assert np.abs(alone[0] - among[0]).max() <= room
    size_of = np.maximum(1.0, np.abs(slopes_among[0]))
    assert (np.abs(slopes_alone[0] - slopes_among[0]) <= room * size_of).all()


@pytest.mark.parametrize("name", KERNELS)
def test_claims_cover_the_difference(name: str) -> None:
    kernel, rng = KERNELS[name], np.random.default_rng(5)
    x = np.stack([rng.normal(size=20), rng.exponential(2.0, 20), rng.exponential(2.0, 20)], axis=1)
    p = np.stack([rng.uniform(0.5, 5, 20), np.ones(20), rng.uniform(-3, 3, 20), rng.uniform(0, 1, 20)], axis=1)
    together, claims = kernel.refined(x, p)
    for k in range(20):
        alone, claim = kernel.refined(x[k : k + 1], p[k : k + 1])
        assert (np.abs(alone[0] - together[k]) <= claim[0] + claims[k]).all()
