"""Models at high precision against independent reference values."""

import json
from pathlib import Path

import mpmath
import pytest
import sympy as sp

from meanfield.averages import E, divided_difference, log_norm
from meanfield.compile.precise import PreciseModel, evaluate
from meanfield.errors import ParameterError
from meanfield.model import Model
from meanfield.symbols import gaussian, gaussian_pair, parameters, symbol, tilted, unknown
from meanfield.transfer import LIBRARY, tanh

DATA = Path(__file__).parents[1] / "data" / "fixed_points.json"
CASES = {case["id"]: case for case in json.loads(DATA.read_text())["cases"]}

mu, Delta_0, Delta_inf, kappa = unknown("mu"), unknown("Delta_0", nonnegative=True), unknown("Delta_inf"), symbol("kappa")
g, M_m, M_n, Sigma_m = parameters("g M_m M_n Sigma_m", nonnegative="g Sigma_m")
phi, Phi = tanh, tanh.d(-1)
x = gaussian("x", mean=mu, var=Delta_0)


@pytest.fixture(autouse=True)
def forty_digits():
    """Comparisons in the tests themselves must not round."""
    with mpmath.workdps(40):
        yield


@pytest.mark.parametrize("name", [k for k in CASES if k.startswith("scs_") and k.endswith("_k0.0")])
def test_energy_conservation_of_scs(name):
    case = CASES[name]
    Phi = LIBRARY[case["transfer"]].d(-1)
    y = gaussian("y", mean=0, var=Delta_0)
    energy = Delta_0**2 / 2 - g**2 * (E(Phi(y) ** 2) - E(Phi(y)) ** 2)
    values = {g: str(case["parameters"]["g"]), Delta_0: str(case["values"]["Delta_0"])}
    residual, slope = evaluate([energy, energy.diff(Delta_0)], values, 25)
    # The values are printed with 18 digits.
    assert abs(residual) <= 1e-18 * max(2, float(case["values"]["Delta_0"])) * abs(slope) + 1e-17


@pytest.fixture(scope="module")
def stationary():
    return PreciseModel(
        Model(
            "rank-one network, stationary",
            definitions={kappa: M_n * E(phi(x))},
            equations={mu: M_m * kappa, Delta_0: g**2 * E(phi(x) ** 2) + Sigma_m**2 * kappa**2},
            parameters=(g, M_m, M_n, Sigma_m),
            indicators={"chaos": g**2 * E(phi.d(1)(x) ** 2) - 1},
        )
    )


@pytest.mark.parametrize("name", ["mo_het_Sm=1_stat_0", "mo_het_strong_stat_0", "mo_seed-like_stat_1"])
def test_stationary_states(stationary, name):
    case = CASES[name]
    p = [case["parameters"].get(s.name, 0) for s in stationary.model.parameters]
    at = [case["values"]["mu"], case["values"]["Delta_0"]]
    assert max(map(abs, stationary.residual(at, p, 25))) < 1e-12
    chaos = stationary.quantity("chaos", at, p, 20)
    assert abs(mpmath.sqrt(chaos + 1) - case["values"]["bulk_radius"]) < 1e-11
    assert abs(stationary.quantity(kappa, at, p, 20) - case["values"]["kappa"]) < 1e-11


def test_numbers_are_counted(stationary):
    with pytest.raises(ParameterError, match="mu, Delta_0"):
        stationary.residual([1.0], [1, 1, 1, 1], 15)


def test_structured_chaos():
    c = Sigma_m**2 * kappa**2

    def pair(C):
        return gaussian_pair("x y", mean=mu, var=Delta_0, cov=C)

    def potential(C):
        u, v = pair(C)
        return -(C**2) / 2 + g**2 * E(Phi(u) * Phi(v)) + c * C

    u, v = pair(Delta_inf)
    model = Model(
        "rank-one network, chaotic",
        definitions={kappa: M_n * E(phi(x))},
        equations={mu: M_m * kappa, Delta_inf: g**2 * E(phi(u) * phi(v)) + c},
        implicit=[divided_difference(potential, Delta_inf, Delta_inf, Delta_0)],
        unknowns=(mu, Delta_0, Delta_inf),
        parameters=(g, M_m, M_n, Sigma_m),
    )
    precise = PreciseModel(model)
    state = [".622399831895", "3.06958624671", "2.55359826925"]
    residual = precise.residual(state, ["2.1", 1, "2.5", 1], 30)
    assert max(map(abs, residual)) < 1e-11
    _, errors = precise.with_error(list(model.residuals), state, ["2.1", 1, "2.5", 1], 20)
    assert max(errors) < 1e-20


@pytest.mark.parametrize("name", ["kr_tanh_g1.1_D0", "kr_tanh_g2.0_D0", "kr_alg_g2.0_D0", "kr_erf_g5.0_D0"])
def test_kac_rice(name):
    case = CASES[name]
    phi = LIBRARY[case["transfer"]]
    alpha, beta, gamma = sp.symbols("alpha beta gamma", real=True)
    y = tilted("y", var=beta, log_tilt=lambda y: sp.log(1 + alpha * phi.d(1)(y) ** 2) / 2 + gamma * phi(y) ** 2)
    equations = [
        beta - g**2 * E(phi(y) ** 2),
        gamma - g**2 / (2 * beta) * (E(y**2) / beta - 1),
        1 - g**2 * E(1 / (phi.d(1)(y) ** -2 + alpha)),
        log_norm(y) - alpha / (2 * g**2) - gamma * E(phi(y) ** 2) - case["values"]["complexity"],
    ]
    values = {s: case["values"][s.name] for s in (alpha, beta, gamma)} | {g: str(case["parameters"]["g"])}
    assert max(map(abs, evaluate(equations, values, 20))) < 1e-12


def test_complexity_at_large_gain_approaches_its_limit():
    # Part B7 of the theory: gamma = -1/pi, alpha/g^2 = e/(e+w), beta/g^2 = (pi/2) e/(e+w), c = ln(w + e) for a sign function.
    gain = 10**6
    with mpmath.workdps(20):
        e, w = mpmath.erf(1 / mpmath.sqrt(mpmath.pi)), mpmath.exp(-1 / mpmath.pi)
        alpha, beta, gamma = gain**2 * e / (e + w), gain**2 * mpmath.pi / 2 * e / (e + w), -1 / mpmath.pi
        y = tilted("y", var=Delta_0, log_tilt=lambda y: sp.log(1 + mu * phi.d(1)(y) ** 2) / 2 + M_n * phi(y) ** 2)
        complexity = log_norm(y) - mu / (2 * g**2) - M_n * E(phi(y) ** 2)
        found = evaluate(complexity, {mu: alpha, Delta_0: beta, M_n: gamma, g: gain}, 8)[0]
        assert abs(found - mpmath.log(w + e)) < 1e-4
