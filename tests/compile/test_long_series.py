"""Pair averages over wide laws near correlation 1, where the series has thousands of terms."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.compile import compile
from meanfield.compile.group import summed_products, summed_rows

CHAOTIC = compile(mf.models.by_name("rank1-chaotic"))


@pytest.mark.parametrize(
    ("g", "mu", "Delta_inf", "delta", "energy"),
    [  # by a product rule in extended precision, whose steps agree to 1e-15
        (4.5, 0.9375, 30.5, 1.875, 0.1400328555381286),
        (4.75, -1.75, 22.125, 1.0, 0.6740730891265876),
        (3.0, -0.75, 32.5, 1.0625, -0.4206358957080796),
    ],
)
def test_long_series_are_as_good_as_their_claims(g: float, mu: float, Delta_inf: float, delta: float, energy: float) -> None:
    value, claim = CHAOTIC.refined(np.array([[mu, Delta_inf, delta]]), np.array([[g, 1.0, 2.0, 1.0]]))
    # One chain of five thousand terms was off by 2e-14, with a claim of 5e-15.
    assert abs(value[0, 2] - energy) <= claim[0, 2] + 1e-15
    assert claim[0, 2] < 5e-14


def test_sums_of_thousands_of_products_lose_next_to_nothing() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.uniform(0.5, 1, (5000, 3)), rng.uniform(0.5, 1, (5000, 3))
    exact = np.asarray((a.astype(np.longdouble) * b).sum(axis=0), dtype=float)
    assert np.abs(summed_products(a, b) / exact - 1).max() < 2e-15


def test_sums_over_thousands_of_shared_nodes_lose_next_to_nothing() -> None:
    rng = np.random.default_rng(3)
    weights, values = rng.uniform(0.5, 1, 4999), rng.uniform(0.5, 1, (4999, 4))
    exact = np.asarray((weights[:, None].astype(np.longdouble) * values).sum(axis=0), dtype=float)
    assert np.abs(summed_rows(weights, values) / exact - 1).max() < 2e-15


def test_the_complexity_in_a_sweep_is_that_of_single_points() -> None:
    """In one chain over 3839 nodes a sweep was off by 6e-15, with a claim of 2e-15: three times the complexity at 1e-6 from D_c."""
    model = mf.models.by_name("kac-rice")
    D = 2730.598616443393 * (1 - np.array([1e-3, 1e-4, 1e-5, 1e-6]))
    sweep = mf.solve(model, g=10, D=D)
    exact = [1.677446e-9, 1.67515665753114e-11, 1.67492764939838e-13, 1.67490474851633e-15]  # to 22 digits, except the first
    assert (np.abs(np.asarray(sweep["complexity"]) - exact)[1:] <= np.asarray(sweep.error["complexity"])[1:]).all()
    for k, d in enumerate(D):
        one = mf.solve(model, g=10, D=d)
        both = float(one.error["complexity"]) + float(np.asarray(sweep.error["complexity"])[k])
        assert abs(float(one["complexity"]) - float(np.asarray(sweep["complexity"])[k])) <= both
