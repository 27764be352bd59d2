"""Networks with planted fixed points: exact counts of one neuron, and searched networks."""

from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import meanfield as mf
from meanfield.errors import ModelError, ParameterError
from meanfield.models import kac_rice
from meanfield.simulate.finite_size import FiniteSize
from meanfield.simulate.kac_rice import beside_tallies
from meanfield.simulate.planted import beside_planted, beside_searched, effective_samples, planted_fixed_points
from meanfield.simulate.pooled import Pooled
from meanfield.simulate.tally import MEANS, Tally, log_count, pooled


def state(g: float, D: float) -> mf.Solution:
    return mf.solve(kac_rice.MODEL, g=g, D=D)


def expected_count_of_one_neuron(g: float, D: float) -> float:
    """``int dx E[|J phi'(x) - 1| delta(-x + J phi(x) + I)]`` for ``J ~ N(0, g^2)``, ``I ~ N(0, D)``: given x, J is normal."""

    def density(x: float) -> float:
        f, slope = np.tanh(x), 1 / np.cosh(x) ** 2
        variance = g * g * f * f + D
        mean, spread = slope * g * g * f * x / variance - 1, slope * g * np.sqrt(D / variance)
        folded = mean * (1 - 2 * norm.cdf(-mean / spread)) + 2 * spread * norm.pdf(mean / spread)
        return float(norm.pdf(x, scale=np.sqrt(variance)) * folded)

    return 2 * quad(density, 0, 12, epsabs=1e-10, limit=200)[0]


@pytest.mark.parametrize("D", [0.1, 0.5])
def test_one_neuron_is_counted_exactly(D: float) -> None:
    """x = J tanh x + I."""
    found = planted_fixed_points(state(2.0, D), neurons=1, samples=512, seed=1, workers=1)
    exact = expected_count_of_one_neuron(2.0, D)
    count = np.exp(log_count(found).value)
    assert count == pytest.approx(exact, abs=4 * count * log_count(found).error)
    assert log_count(found).error < 0.2


def test_planted_and_searched_networks_agree() -> None:
    """Number and averages of all fixed points at N = 16, each way."""
    searched = mf.sample_fixed_points(kac_rice.MODEL, neurons=16, networks=20, starts=256, until=0.05, seed=5, g=2.0, D=0.3)
    planted = planted_fixed_points(state(2.0, 0.3), neurons=16, samples=320, seed=2, workers=1)

    def agree(a: Pooled, b: Pooled) -> bool:
        return bool(abs(a.value - b.value) < 4 * np.hypot(a.error, b.error))

    assert agree(searched.log_count, log_count(planted))
    for name in MEANS:
        assert agree(pooled(searched.tallies, name), pooled(planted, name)), name
    assert effective_samples(planted) > 60


def test_every_planted_point_is_a_fixed_point_of_its_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from meanfield.simulate import planted as module

    seen = []
    monkeypatch.setattr(module, "MEANS", {**MEANS, "mean_square": lambda n: seen.append(n) or n.mean_square})
    planted_fixed_points(state(2.0, 0.3), neurons=10, samples=192, seed=0, workers=1)
    residual = max(abs(n.system.velocity(n.representatives)[0]).max() for n in seen)
    assert len(seen) == 192 and residual < 1e-12
    J = np.array([n.system.J for n in seen[:128]])
    assert np.var(J) * 10 == pytest.approx(4, rel=0.1)


def test_theory_and_planted_networks_agree() -> None:
    """Larger networks than can be searched, within four errors, of which most are small."""
    rows = {row.quantity: row for row in beside_planted(state(2.0, 0.3), neurons=(16, 32, 64), samples=192, workers=1)}
    for row in rows.values():
        assert row.z is not None and abs(row.z) < 4, str(row)
    assert rows["mean_square_phi"].limit.error < 0.15 * rows["mean_square_phi"].theory


def test_the_same_seed_gives_the_same_samples() -> None:
    a, b = (planted_fixed_points(state(2.0, 0.3), neurons=5, samples=n, seed=4, workers=1) for n in (192, 256))
    assert a == b[:192]


def test_what_cannot_be_planted_is_refused() -> None:
    with pytest.raises(ModelError, match="a solution of kac-rice, got one of scs"):
        planted_fixed_points(mf.solve(mf.models.by_name("scs"), g=2), neurons=5)
    with pytest.raises(ParameterError, match="samples must be a positive whole number"):
        planted_fixed_points(state(2.0, 0.3), neurons=5, samples=0)
    with pytest.raises(ParameterError, match="samples count in effect"):
        planted_fixed_points(mf.solve(kac_rice.MODEL, g=2.0), neurons=40, samples=64, workers=1)  # D is 0 if it is not given


def test_verify_plants_and_goes_on(tmp_path: Path) -> None:
    """Interrupted after some blocks, the same call gives what the whole one would have given."""
    arguments = {"neurons": (10, 14, 20), "settings": {"planted": True, "workers": 1}, "g": 2.0, "D": 0.3}
    whole = mf.verify(kac_rice.MODEL, networks=128, **arguments)
    assert all(abs(c.z) < 4 for c in whole.comparisons) and whole.counts[0]["planted"] == 256
    few = mf.verify(kac_rice.MODEL, networks=96, save=tmp_path / "kept", **arguments)
    again = mf.verify(kac_rice.MODEL, networks=128, save=tmp_path / "kept", **arguments)
    assert few.networks == [192, 138, 96]
    assert [c.limit for c in again.comparisons] == [c.limit for c in whole.comparisons]


def made_up(
    rng: np.random.Generator, finite: FiniteSize, limits: dict[str, float], neurons: int, networks: int, shift: float = 0.0
) -> list[Tally]:
    """Tallies whose averages go to their limits as fluctuations and a term in 1/N have it, but for ``shift``."""
    found = []
    for weight in rng.uniform(0.5, 1.5, networks):
        count = weight * np.exp((limits["complexity"] + finite.added("complexity", neurons)) * neurons + 2.0)
        sums = {}
        for name in MEANS:
            mean = (limits[name] + finite.added(name, neurons)) * (1 + 2 / neurons) + shift * limits[name]
            square = mean**2 if name == "bulk_radius" else mean
            sums[name] = float(square * rng.normal(1, 0.05) * count)
        found.append(Tally(float(count), float(count), 1, sums))
    return found


@pytest.fixture(scope="module")
def theory() -> tuple[mf.Solution, FiniteSize, dict[str, float]]:
    """A solution, what finite sizes add to it, and its averages."""
    solution = state(2.0, 0.0)
    finite = FiniteSize.of(solution)
    assert finite is not None
    few = made_up(np.random.default_rng(0), finite, dict.fromkeys(["complexity", *MEANS], 0.1), 40, 4)
    shown = beside_tallies({40: few}, solution)
    return solution, finite, {row.quantity: row.theory for row in shown}


def test_planted_networks_lead_searched_ones_to_infinity(theory) -> None:
    """What fluctuations add is no line in 1/N, and taken away; what only the searched ones have is not hidden."""
    solution, finite, limits = theory
    rng = np.random.default_rng(1)
    planted = {N: made_up(rng, finite, limits, N, 400) for N in (40, 60, 80, 100, 130, 180)}
    for shift in (0.0, 0.1):
        searched = {N: made_up(rng, finite, limits, N, 200, shift) for N in (40, 60, 80, 100)}
        for row in beside_searched(searched, planted, solution):
            expected = row.theory * (1 + (shift if row.quantity in MEANS else 0))
            assert row.limit is not None and row.line is not None and row.line.chi_squared < 16 * row.line.degrees
            assert abs(row.limit.value - expected) < 4 * np.hypot(row.limit.error, row.extrapolation) < 0.06 * row.theory
    with pytest.raises(ParameterError, match="of every size that was searched"):
        beside_searched(searched, {N: planted[N] for N in (40, 60, 80, 130, 180)}, solution)


def test_a_line_through_planted_networks_that_does_not_fit_is_told(theory) -> None:
    """How well it fits had not been asked: only whether searched networks lie beside planted ones."""
    solution, finite, limits = theory
    rng = np.random.default_rng(2)
    planted = {N: made_up(rng, finite, limits, N, 400, shift=0.05 * (N == 80)) for N in (40, 60, 80, 100, 130, 180)}
    searched = {N: planted[N][:200] for N in (40, 60, 80, 100)}
    for row in beside_searched(searched, planted, solution, finite)[1:]:
        assert row.line is not None and row.line.degrees == 4
        assert row.line.chi_squared / row.line.degrees > 16, row.quantity


def test_errors_of_led_networks_count_planted_ones_once(theory) -> None:
    """They enter by the differences and by the limit: the claimed error is the spread of many trials."""
    solution, finite, limits = theory
    values, errors = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        planted = {N: made_up(rng, finite, limits, N, 60) for N in (40, 60, 80, 100)}
        searched = {N: made_up(rng, finite, limits, N, 20) for N in (40, 60, 80)}
        rows = [row.limit for row in beside_searched(searched, planted, solution, finite)]
        values.append([r.value for r in rows])
        errors.append([r.error for r in rows])
    ratio = np.std(values, axis=0, ddof=1) / np.mean(errors, axis=0)
    assert ((0.6 < ratio) & (ratio < 1.5)).all(), ratio  # of 40 trials: 1 +- 0.11
