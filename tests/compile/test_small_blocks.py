"""Few points of many widths are one pass, in which each point has the nodes that it has alone."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.compile import ROUGH, SKETCH, TIGHT, WORKING, compile

LEVELS = {SKETCH: 1e-5, ROUGH: 1e-12, WORKING: 1e-13, TIGHT: 1e-13}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("transfer", ["tanh", "erf", "softplus", "sine", "relu"])
def test_a_point_among_few_has_the_values_that_it_has_among_many_of_its_kind(transfer, level):
    model = mf.models.by_name("rank1-stationary").with_transfer(transfer)
    kernel, rng = compile(model).at(level, quick=True), np.random.default_rng(7)
    count = 40
    mean = np.where(np.arange(count) % 3 == 0, 0.0, rng.normal(size=count))
    still = (np.arange(count) % 7 == 0) & (mean != 0)
    x = np.stack([mean, np.where(still, 0.0, 4.0 ** rng.uniform(-4, 2, count))], axis=1)
    p = np.tile([1.3, 1.1, 2.0, 0.5], (count, 1))
    residual, jacobian = kernel.residual_jacobian(x, p)
    for i in range(count):
        many = kernel.residual_jacobian(np.tile(x[i], (3000, 1)), p[:1].repeat(3000, axis=0))
        size = 1 + np.abs(many[1][0]).max() + np.abs(x[i]).max()
        assert abs(residual[i] - many[0][0]).max() <= LEVELS[level] * size
        assert abs(jacobian[i] - many[1][0]).max() <= LEVELS[level] * size
