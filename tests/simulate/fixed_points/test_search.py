"""The finder of fixed points: small systems solved by other means, invariants, interruption and resumption."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

import meanfield as mf
from meanfield import transfer
from meanfield.errors import FileFormatError, ParameterError
from meanfield.simulate.fixed_points import search
from meanfield.simulate.fixed_points.levenberg import System, descend
from meanfield.simulate.journal import Journal
from meanfield.store import load_fixed_points


def couplings(N: int, g: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(N, N)) * g / np.sqrt(N)


def residual(found: mf.FixedPoints) -> float:
    x, system = found.points, found.system
    return float(abs(system.phi.jet([0], x)[0] @ system.J.T - x + system.input).max(initial=0))


def scanned(J: np.ndarray, input: np.ndarray) -> np.ndarray:
    """All fixed points of two neurons: with u = phi(x_2) = t, x_1 solves a scalar equation and t another; both by sign changes."""
    roots = []
    fine = np.linspace(-12, 12, 6001)
    for a, b in _brackets(fine, lambda x2: _closure(J, input, x2)):
        roots += [(x1, x2) for x1, x2 in _refined(J, input, a, b)]
    return np.array(roots)


def _closure(J, input, x1):
    """x_2 from the first equation, put into the second; NaN where the first has no solution."""
    with np.errstate(invalid="ignore"):
        x2 = np.arctanh((x1 - J[0, 0] * np.tanh(x1) - input[0]) / J[0, 1])
    return x2 - J[1, 0] * np.tanh(x1) - J[1, 1] * np.tanh(x2) - input[1]


def _brackets(grid, f):
    values = f(grid)
    ok = np.isfinite(values[:-1]) & np.isfinite(values[1:]) & (values[:-1] * values[1:] < 0)
    return [(grid[i], grid[i + 1]) for i in np.flatnonzero(ok)]


def _refined(J, input, a, b):
    x1 = brentq(lambda x: float(_closure(J, input, x)), a, b, xtol=1e-14)
    yield x1, float(np.arctanh((x1 - J[0, 0] * np.tanh(x1) - input[0]) / J[0, 1]))


def test_one_neuron_with_itself() -> None:
    """x = 3 tanh x: 0 and a pair, to its claimed error of the root in multiple precision."""
    found = mf.find_fixed_points([[3.0]], starts=64)
    exact = float(mpmath.findroot(lambda x: x - 3 * mpmath.tanh(x), 3))
    assert found.count == 2
    assert found.zero
    assert abs(abs(found.representatives[0, 0]) - exact) <= found.error[0] < 1e-13
    assert mf.find_fixed_points([[3.0]], input=0.3, starts=64).count == 3
    assert mf.find_fixed_points([[0.9]], starts=64).count == 0


@pytest.mark.parametrize("seed", range(12))
def test_two_neurons_against_a_scan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    J, input = rng.normal(size=(2, 2)) * 3, rng.normal(size=2) * 0.4
    expected = scanned(J, input)
    found = mf.find_fixed_points(J, input=input, starts=256, seed=seed)
    assert found.count == len(expected)
    distance = abs(found.points[:, None] - expected[None]).max(axis=2).min(axis=0)
    assert (distance < 1e-9).all()


def test_a_quiescent_network_has_only_the_origin() -> None:
    found = mf.find_fixed_points(couplings(40, 0.7, 1), starts=128)
    assert found.count == 0
    assert found.zero
    assert (found.estimate.value, found.missing) == (0, (0, 0))


@pytest.fixture(scope="module")
def forty() -> mf.FixedPoints:
    return mf.find_fixed_points(couplings(40, 2.5, 7), starts=512, seed=3)


def test_what_is_found_is_a_fixed_point_and_so_is_its_partner(forty) -> None:
    assert forty.count > 4
    assert residual(forty) < 1e-12
    assert (forty.error < 1e-9).all()
    assert forty.curve[-1] == forty.count
    assert (np.diff(forty.curve) >= 0).all()
    x = forty.points
    distance = ((x[:, None] - x[None]) ** 2).sum(axis=2) + np.eye(len(x))
    assert distance.min() > 1e-6


def test_claimed_errors_hold_in_multiple_precision(forty) -> None:
    """One Newton step with 40 digits from the computed point ends within the claimed error."""
    system = forty.system
    with mpmath.workdps(40):
        for x, error in zip(forty.representatives[:1], forty.error[:1], strict=True):
            exact = mpmath.matrix(x.tolist())
            J = mpmath.matrix(system.J.tolist())
            for _ in range(2):
                value = exact.apply(mpmath.tanh)
                A = J * mpmath.diag([1 - v**2 for v in value]) - mpmath.eye(len(x))
                exact = exact - mpmath.lu_solve(A, J * value - exact)
            assert max(abs(exact[i] - mpmath.mpf(float(x[i]))) for i in range(len(x))) <= error


def test_spectra_at_the_fixed_points(forty) -> None:
    x = forty.representatives[0]
    A = forty.system.J * (1 - np.tanh(x) ** 2) - np.eye(40)
    eigenvalues = np.linalg.eigvals(A)
    assert np.sort_complex(forty.eigenvalues[0]) == pytest.approx(np.sort_complex(eigenvalues))
    assert forty.unstable_fraction[0] == (eigenvalues.real > 0).sum() / 40
    assert forty.radius[0] == pytest.approx(abs(eigenvalues + 1).max())
    assert forty.fraction_outside[0] == (abs(eigenvalues + 1) > 1).sum() / 40
    # The sign of det A is that of the product of the eigenvalues: unstable real ones decide it.
    assert np.sign(np.linalg.det(-A)) == (-1) ** (eigenvalues.real[abs(eigenvalues.imag) < 1e-12] > 0).sum()


@settings(max_examples=6)
@given(order=st.permutations(range(24)), cut=st.integers(1, 23))
def test_order_and_chunking_of_starts_change_nothing(order, cut) -> None:
    """To the bit: each start is computed on its own."""
    system = System(couplings(20, 2.0, 5), transfer.tanh, np.zeros(20))
    x = np.random.default_rng(1).normal(size=(24, 20))
    last, reached, steps = descend(system, x)
    parts = [descend(system, part) for part in (x[order][:cut], x[order][cut:])]
    for whole, pieces in zip((last, reached, steps), zip(*parts, strict=True), strict=True):
        assert np.array_equal(whole[order], np.concatenate(pieces))


def test_any_executor_finds_the_same(forty) -> None:
    with ThreadPoolExecutor(2) as pool:
        again = mf.find_fixed_points(forty.system.J, starts=512, seed=3, executor=pool)
    assert np.array_equal(again.representatives, forty.representatives)
    assert np.array_equal(again.outcomes, forty.outcomes)


def test_input_breaks_the_symmetry_and_other_functions_work() -> None:
    J, input = couplings(40, 2.5, 7), np.random.default_rng(2).normal(size=40) * 0.1
    driven = mf.find_fixed_points(J, input=input, starts=128)
    assert not driven.symmetric
    assert driven.count == len(driven.representatives)
    assert residual(driven) < 1e-12
    logistic = mf.find_fixed_points(J * 4, "logistic", starts=128)
    assert not logistic.symmetric
    assert logistic.count
    assert residual(logistic) < 1e-12


def test_starts_may_be_given(forty) -> None:
    found = mf.find_fixed_points(forty.system.J, starts=forty.points[:5] + 1e-3)
    assert found.starts == 5
    assert abs(found.representatives - forty.representatives[:5]).max() < 1e-9


class Stopped(Exception):
    pass


def test_an_interrupted_search_goes_on_to_the_same_end(forty, tmp_path: Path) -> None:
    """Stopped after two blocks; the third's record torn by a crash; then resumed, and later extended."""
    file = tmp_path / "run.nc"

    def stop(done: int, total: int | None, text: str) -> None:
        if done == 192:
            raise Stopped

    with pytest.raises(Stopped):
        mf.find_fixed_points(forty.system.J, starts=512, seed=3, save=file, progress=stop)
    part = tmp_path / "run.nc.part"
    with open(part, "r+b") as f:
        f.truncate(part.stat().st_size - 7)
    assert len(list(Journal(part).records())) == 2
    half = mf.find_fixed_points(forty.system.J, starts=256, seed=3, save=file)
    assert half.starts == 256
    assert not part.exists()
    whole = mf.find_fixed_points(forty.system.J, starts=512, seed=3, save=file)
    assert np.array_equal(whole.representatives, forty.representatives)
    assert np.array_equal(whole.outcomes, forty.outcomes)
    read = load_fixed_points(file)
    assert np.array_equal(read.outcomes, forty.outcomes)
    assert read.estimate == forty.estimate
    # Fewer starts than were saved: what these found, and the file stays.
    fewer = mf.find_fixed_points(forty.system.J, starts=256, seed=3, save=file)
    assert np.array_equal(fewer.representatives, half.representatives)
    assert load_fixed_points(file).starts == 512


def test_files_of_others_are_refused(forty, tmp_path: Path) -> None:
    file = tmp_path / "run.nc"
    forty.to_netcdf(file)
    for J, options in ((forty.system.J, {"seed": 4}), (2 * forty.system.J, {"seed": 3})):
        with pytest.raises(ParameterError, match="another network"):
            mf.find_fixed_points(J, starts=64, save=file, **options)
    with pytest.raises(FileFormatError, match="tanh"):
        mf.find_fixed_points(forty.system.J, "erf", starts=64, seed=3, save=file)


@pytest.mark.parametrize(
    ("J", "options", "said"),
    [
        (np.zeros((2, 3)), {}, "square"),
        (np.eye(2), {"input": [1, 2, 3]}, "input"),
        (np.full((2, 2), np.nan), {}, "finite"),
        (np.eye(2), {"starts": 0}, "positive"),
        (np.eye(2), {"starts": np.zeros((4, 3))}, "array"),
    ],
)
def test_refusals(J, options, said) -> None:
    with pytest.raises(ParameterError, match=said):
        mf.find_fixed_points(J, **options)


def test_processes_are_used_when_asked_for(monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(search, "in_order", lambda work, shared, tasks, executor, workers: seen.append(workers) or iter(()))
    mf.find_fixed_points(np.eye(2), starts=64)
    mf.find_fixed_points(np.eye(2), starts=64, workers=3)
    monkeypatch.setattr(search, "available_cores", lambda: 5)
    mf.find_fixed_points(couplings(100, 2.0, 1), starts=64_000)
    assert seen == [1, 3, 5]
