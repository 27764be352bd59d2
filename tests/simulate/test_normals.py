"""White noise of steps: a normal law in both precisions, one stream whatever is asked for at once."""

import numpy as np
import pytest
from scipy import stats

from meanfield.simulate.normals import BLOCK, Normals


def drawn(dtype: str, many: int, seed: int = 1) -> np.ndarray:
    out = np.empty(many, dtype)
    Normals(np.random.default_rng(seed), dtype)(out)
    return out


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_law_is_normal(dtype: str) -> None:
    x = drawn(dtype, 1 << 20).astype(float)
    assert stats.kstest(x, "norm").pvalue > 1e-3
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10170)):
        assert abs(np.mean(x**power) - moment) < 4 * np.sqrt(variance / len(x)), power
    assert 4.5 < abs(x).max() < 6.8


def test_numbers_are_independent_also_the_two_of_a_pair() -> None:
    x = drawn("float32", 1 << 18).astype(float).reshape(-1, 2, BLOCK // 2)  # pairs lie half a block apart
    first, second = x[:, 0].ravel(), x[:, 1].ravel()
    for f in (np.positive, np.square, np.abs):
        for a, b in ((first, second), (first[1:], first[:-1])):
            assert abs(np.corrcoef(f(a), f(b))[0, 1]) < 4 / np.sqrt(len(a))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_stream_whatever_is_asked_for_at_once(dtype: str) -> None:
    whole, stream, parts = drawn(dtype, 40_000), Normals(np.random.default_rng(1), dtype), []
    for size in (1, 250, 16_000, 20_000, 3749):
        out = np.empty((size, 1), dtype)
        stream(out)
        parts.append(out[:, 0])
    assert (np.concatenate(parts) == whole).all()
    assert (drawn(dtype, 100, seed=2) != whole[:100]).all()


def test_in_double_precision_they_are_those_of_the_generator() -> None:
    assert (drawn("float64", 20_000) == np.random.default_rng(1).standard_normal(20_000)).all()


@pytest.mark.parametrize("bits", [np.random.MT19937, np.random.PCG64, np.random.Philox])
def test_any_generator_will_do(bits: type) -> None:
    """Also one whose raw words have 32 bits, half of what a pair of numbers takes."""
    x = np.empty(1 << 18, np.float32)
    Normals(np.random.Generator(bits(3)), "float32")(x)
    assert stats.kstest(x.astype(float), "norm").pvalue > 1e-3
