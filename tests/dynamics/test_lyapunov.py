"""The Lyapunov exponent: limits, a second method, the zero mode, the onset of chaos as a boundary."""

from math import asin, pi, sqrt

import numpy as np
import pytest
from scipy.special import eval_hermitenorm, gammaln, roots_hermitenorm

import meanfield as mf
from meanfield import models, transfer
from meanfield.compile.group import FINE
from meanfield.dynamics.descent import Descent, Given, descents
from meanfield.dynamics.lyapunov import ground_state
from meanfield.dynamics.observables import lambda_max
from meanfield.dynamics.stiffness import stiffness
from tests.dynamics import long_double
from tests.dynamics.shooting import brackets

SCS = models.by_name("scs")


@pytest.mark.parametrize("name", ["tanh", "erf", "algebraic"])
def test_near_the_onset_of_chaos(name: str) -> None:
    """``lambda -> eps^2/2``, ``k -> eps/sqrt 3``, ``tau_half -> sqrt 3 arccosh(2)/eps``, whatever phi is."""
    eps = np.array([1e-3, 2e-3, 4e-3])
    state = mf.solve(SCS.with_transfer(transfer.by_name(name)), g=1 + eps)
    limits = {"lambda_max": eps**2 / 2, "decay_rate": eps / sqrt(3), "tau_half": sqrt(3) * np.arccosh(2) / eps}
    for quantity, limit in limits.items():
        ratio = state[quantity] / limit
        assert ratio == pytest.approx(1, abs=0.02)
        assert (8 * ratio[0] - 6 * ratio[1] + ratio[2]) / 3 == pytest.approx(1, abs=2e-6)  # the third order is left
        assert (state.error[quantity] < 2e-5 * limit).all()  # what the claim of Delta_0 leaves of a difference of order eps^2
    if name == "tanh":
        assert state["lambda_max"][0] / eps[0] ** 2 == pytest.approx(0.49818, abs=1e-5)


def erf_functions(g: float, Delta_0: float):  # type: ignore[no-untyped-def]
    """``F`` and ``W`` of phi = erf(sqrt(pi) x/2), whose averages are closed."""
    s = Delta_0 + 2 / pi
    F = lambda D: D - g * g * 2 / pi * asin(D / s)
    W = lambda D: 1 - g * g / sqrt((1 + pi * Delta_0 / 2) ** 2 - (pi * D / 2) ** 2)
    return F, W


@pytest.mark.parametrize(("g", "noise"), [(15.0, 0.0), (20.0, 0.0), (2.0, 0.5), (15.0, 0.5)])
def test_against_shooting(g: float, noise: float) -> None:
    state = mf.solve(SCS.with_transfer(transfer.erf), g=g, sigma_squared=noise)
    start, by = state["Delta_0"], 2e-11 + 2 * state.error["lambda_max"]
    assert by < 1e-8
    assert brackets(*erf_functions(g, start), state["lambda_max"], by, start, noise=noise)


def test_a_state_that_is_hardly_bound() -> None:
    """Weak coupling and noise: kappa is a hundredth of k, and the exponent is nearly ``-1 + sqrt(1 - k^2)``."""
    g, noise = 0.5, 0.5
    state = mf.solve(SCS, g=g, sigma_squared=noise)
    Delta_0 = state["Delta_0"]
    z, w = roots_hermitenorm(120)
    orders = np.arange(40)
    he = np.array([eval_hermitenorm(n, z) * np.exp(-gammaln(n + 1) / 2) for n in orders])
    a = he @ (w / w.sum() * np.tanh(np.sqrt(Delta_0) * z))
    b = he @ (w / w.sum() / np.cosh(np.sqrt(Delta_0) * z) ** 2)
    F = lambda D: D - g * g * float(a**2 @ (D / Delta_0) ** orders)
    W = lambda D: 1 - g * g * float(b**2 @ (D / Delta_0) ** orders)
    assert brackets(F, W, state["lambda_max"], 1e-10, Delta_0, noise=noise)
    unbound = sqrt(1 - state["decay_rate"] ** 2) - 1
    assert 0 < state["lambda_max"] - unbound < 1e-4


def test_strong_coupling_tanh_and_erf_agree_in_the_limit() -> None:
    """Saturating functions of equal range have the same limit; the difference falls with g."""
    g = np.array([10.0, 20.0, 40.0])
    tanh, erf = (mf.solve(SCS.with_transfer(phi), g=g)["tau_half"] for phi in (transfer.tanh, transfer.erf))
    gap = np.abs(tanh - erf)
    assert (np.diff(gap) < 0).all() and gap[-1] < 0.02


def descent(**given: float) -> Descent:
    W, *symbols = lambda_max(SCS.motion).args  # type: ignore[arg-type]
    state = mf.solve(SCS, **given)
    columns = [np.array([state["Delta_0"]]), np.array([0.0]), np.array([given.get("sigma_squared", 0.0)])]
    rest = [np.array([state[s.name]]) for s in symbols[3:]]
    ((_, found),) = descents(stiffness(W, len(rest)), Given(*columns, rest), FINE)
    return found


@pytest.mark.parametrize("g", [1.001, 1.3, 3.0, 12.0])
def test_the_velocity_is_the_state_of_energy_zero(g: float) -> None:
    """``Delta' = -delta r sqrt(2 U)`` solves the odd problem with E = 0 exactly: a gauge of the discretisation."""
    d = descent(g=g)
    grid, r, q = d.nodes, d.nodes.r, d.q[0]
    # psi = sqrt(1 - r) v with v even: (r^2 2 U) psi'' + (r f) psi' = W psi, written for v.
    v = r * np.sqrt(2 * q)
    first, second = grid.slope @ v, grid.slope @ grid.slope @ v
    x, U = grid.x, d.U[0]
    left = 2 * r**2 * U * second + (r * d.f[0] - 2 * r**2 * q) * first
    left += v * (-(r * d.f[0]) / (2 * x) - r**2 * U / (2 * x**2) - d.W[0])
    near_start = x > 1e-3
    assert np.abs(left[near_start]).max() < 1e-9 * d.squared_rate[0] * np.abs(v).max()


def test_the_ground_state_has_no_node_and_lies_below_zero_energy() -> None:
    for g in (1.001, 1.5, 20.0):
        s, _, _ = ground_state(descent(g=g))
        assert s[0] > 1  # E < 0: without noise every fluctuating state is chaotic


def test_the_exponent_grows_with_g() -> None:
    g = np.linspace(1.02, 12, 24)
    for noise in (0.0, 0.2):
        exponent = mf.solve(SCS, g=g, sigma_squared=noise)["lambda_max"]
        assert (np.diff(exponent) > 0).all()


def test_noise_suppresses_chaos() -> None:
    noise = np.linspace(0.05, 4, 20)
    exponent = mf.solve(SCS, g=1.8, sigma_squared=noise)["lambda_max"]
    assert exponent[0] > 0 > exponent[-1] and (np.diff(exponent) < 0).all()


@pytest.mark.parametrize("g", [2.0, 10.0])
def test_weak_noise_claims_what_it_knows(g: float) -> None:
    """Exponent and half width are linear in weak noise; where rounding stands in the way the claims say so."""
    noise = np.array([1e-9, 1e-7, 1e-6, 1e-5, 1e-4])
    strong = np.array([1e-3, 3e-3])
    states, few, quiet = mf.solve(SCS, g=g, sigma_squared=noise), mf.solve(SCS, g=g, sigma_squared=strong), mf.solve(SCS, g=g)
    for name, bend in (("lambda_max", 10.0), ("tau_half", 4e4)):
        slope = (few[name] - quiet[name]) / strong
        first = (slope[0] * strong[1] - slope[1] * strong[0]) / (strong[1] - strong[0])
        deviation = np.abs(states[name] - quiet[name] - first * noise)
        assert (deviation <= states.error[name] + quiet.error[name] + bend * noise**2 + 5e-3 * np.abs(first) * noise).all()
        assert (states.error[name] < 1e-7 * quiet[name] + 2e-3 * np.abs(first) * noise).all()


def test_zero_of_the_exponent_is_the_onset_of_chaos() -> None:
    noise = np.array([0.1, 1.0])
    zero = mf.solve(mf.indicator_zero(SCS, "lambda_max", free="g"), sigma_squared=noise)
    onset = mf.solve(mf.indicator_zero(SCS, "onset_of_chaos", free="g"), sigma_squared=noise)
    np.testing.assert_allclose(zero["g"], onset["g"], rtol=0, atol=1e-10)
    np.testing.assert_allclose(zero["g"], [1.4250341733, 2.3549844908], rtol=0, atol=1e-9)


def test_zero_of_the_exponent_traced_through_the_plane() -> None:
    model = SCS.asking("lambda_max")
    branch = mf.follow(mf.solve(model, g=1.0, sigma_squared=0.5), along="g", to=3.0)
    (event,) = [e for e in branch.events("indicator") if e.name == "lambda_max"]
    assert event.at["g"] == pytest.approx(1.9556655498, abs=1e-9)
    curve = mf.trace(event, plane=("g", "sigma_squared"), window=((1.2, 3.0), (0.1, 1.5)))
    onset = mf.solve(mf.indicator_zero(SCS, "onset_of_chaos", free="g"), sigma_squared=curve.points[:, 1])
    np.testing.assert_allclose(curve.points[:, 0], onset["g"], rtol=0, atol=1e-9)
    assert len(curve.points) > 5


@pytest.mark.parametrize("g, sigma_squared", [(1.9556655497506, 0.5), (2.0, 0.0), (5.0, 0.0), (1.5, 0.1)])
def test_claims_hold_the_rounding_that_neighbouring_points_show(g: float, sigma_squared: float) -> None:
    """Over 12 points a few units in the last place apart the exponent is linear; what it strays is rounding."""
    model = mf.models.by_name("scs")
    k, Delta_0 = np.arange(12), float(mf.solve(model, g=g, sigma_squared=sigma_squared)["Delta_0"])
    parameters = np.stack([g * (1 + 2e-13 * k), np.full(12, sigma_squared)], axis=1)
    x = Delta_0 * (1 + 3e-13 * k)[:, None]
    value, claim = mf.compile(model).quantities((model.named("lambda_max"),), x, parameters)
    strayed = np.abs(value[:, 0] - np.polyval(np.polyfit(k, value[:, 0], 1), k))
    assert (strayed.max() < claim[:, 0]).all()


def test_claims_hold_against_long_doubles() -> None:
    """Random points from the onset of chaos to g = 19, without noise, weak noise, strong noise: an independent computation."""
    rng = np.random.default_rng(5)
    g = np.concatenate([1 + 10 ** rng.uniform(-2.5, 1.28, 24), rng.uniform(0.3, 6, 48)])
    noise = np.concatenate([np.zeros(24), 10 ** rng.uniform(-3, 0.7, 48)])
    state = mf.solve(SCS.with_transfer(transfer.erf), g=g, sigma_squared=noise)
    found, claim = state["lambda_max"], state.error["lambda_max"]
    true = long_double.exponent(g, noise, state["Delta_0"], found)
    assert (np.abs(found - true) <= claim).all()
    assert np.median(claim) < 1e-11


def test_claims_of_weak_noise_are_small_and_hold_against_long_doubles() -> None:
    """Strong coupling: the kick was kept where the second order of it does a hundred thousand times less than rounding."""
    g, noise = np.array([5.0, 10.0, 15.0, 20.0, 20.0]), np.array([1e-4, 1e-3, 1e-3, 1e-3, 3e-3])
    state = mf.solve(SCS.with_transfer(transfer.erf), g=g, sigma_squared=noise)
    found, claim = state["lambda_max"], state.error["lambda_max"]
    assert (np.abs(found - long_double.exponent(g, noise, state["Delta_0"], found)) <= claim).all()
    assert (claim < 5e-8).all()
