"""Half width, decay rate, Lyapunov exponent and Delta(tau) against the reference table, and what carries them."""

import json
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import meanfield as mf
from meanfield import cli, models, transfer
from meanfield.dynamics import observables
from meanfield.dynamics.observables import with_dynamics
from meanfield.errors import ModelError, ParameterError
from meanfield.model import Model

CASES = [
    case
    for case in json.loads((Path(__file__).parents[1] / "data" / "fixed_points.json").read_text())["cases"]
    if "tau_half" in case["values"]
]
# The reference value of this exponent is that of a box of length 30/k with reflecting walls: the ground state is bound by
# kappa = 0.0081 only, far wider than the box. See `test_a_state_that_is_hardly_bound`.
WRONG = {"scs_tanh_g0.5_k0.5"}


def model_of(case: dict[str, Any]) -> Model:
    model = models.by_name(case["model"])
    for short, name in (("_erf", "erf"), ("_alg", "algebraic")):
        if short in case["id"]:
            return model.with_transfer(transfer.by_name(name))
    return model


def solution_of(case: dict[str, Any]) -> Any:
    """The solution of the case among all."""
    found = mf.solve(model_of(case), find="all", **case["parameters"])
    near = [s for s in found if "kappa" not in case["values"] or abs(s["kappa"] - case["values"]["kappa"]) < 1e-6]
    assert len(near) == 1
    return near[0]


@pytest.mark.parametrize("case", CASES, ids=[c["id"] for c in CASES])
def test_reference_cases(case: dict[str, Any]) -> None:
    values, estimated = case["values"], case.get("est_error", 0.0)
    solution = solution_of(case)
    for name in ("tau_half", "lambda_max", "decay_rate"):
        if name not in values or (name == "lambda_max" and case["id"] in WRONG):
            continue
        margin = estimated.get(name, 1e-11) if isinstance(estimated, dict) else 2e-11
        distance = abs(solution[name] - values[name])
        assert distance <= 1e-8 * max(1.0, abs(values[name]))
        assert distance <= solution.error[name] + margin + 1e-11 * abs(values[name])
        assert solution.error[name] < 1e-7 * max(1.0, abs(values[name]))
    if "Delta_tau" in values:
        tau, expected = np.array([[float(k), v] for k, v in values["Delta_tau"].items()]).T
        found, error = mf.autocovariance(solution, tau)
        assert np.abs(found - expected).max() < 1e-10
        assert (np.abs(found - expected) <= error + 1e-11 * values_size(values)).all()
        assert (error < 1e-8).all()


def values_size(values: dict[str, Any]) -> float:
    return float(values["Delta_0"])


def test_a_batch_gives_what_single_points_give() -> None:
    model, g = models.by_name("scs"), np.array([1.01, 1.5, 2.0, 4.0, 9.0])
    noise = np.array([0.0, 0.3, 0.0, 1.0, 0.0])
    together = mf.solve(model, g=g, sigma_squared=noise)
    for i, (one, s) in enumerate(zip(g, noise, strict=True)):
        alone = mf.solve(model, g=one, sigma_squared=s)
        for name in ("lambda_max", "tau_half", "decay_rate", "kinetic_energy"):
            assert together[name][i] == pytest.approx(alone[name], rel=1e-11, abs=1e-13)
        np.testing.assert_allclose(
            together.profile("Delta", [0.0, 1.0, 7.0])[i], alone.profile("Delta", [0.0, 1.0, 7.0]), rtol=1e-11
        )


def test_nothing_costly_is_computed_unasked() -> None:
    model = models.by_name("scs")
    solution = mf.solve(model, g=2.0)
    assert set(solution.observables) == set(model.observables)
    assert "lambda_max" not in solution.observables and "lambda_max" not in solution.indicators
    assert "lambda_max" in model.on_request


def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(["solve", "scs", "-p", "g=2", "--observables", "lambda_max,tau_half,decay_rate", "--json"])
    assert code == 0
    (found,) = json.loads(capsys.readouterr().out)["solutions"]
    assert found["observables"]["lambda_max"] == pytest.approx(0.1124581096270, abs=1e-12)
    assert found["observables"]["tau_half"] == pytest.approx(5.3610187991, abs=1e-9)
    assert 0 < found["error"]["lambda_max"] < 1e-11
    assert set(found["observables"]) == {"lambda_max", "tau_half", "decay_rate"}


def test_no_exponent_where_the_slope_jumps() -> None:
    model = models.by_name("rank1-input-chaotic").with_transfer(transfer.relu)
    state = mf.solve(model, g=2.0, M_m=1.0, M_n=-4.0, M_I=1.0, Sigma_m=0.0, Sigma_I_squared=0.0)
    assert state["Delta_inf"] == pytest.approx(2.33447393395121, abs=1e-9)
    with pytest.raises(ModelError, match="slope jumps"):
        _ = state["lambda_max"]
    assert 0 < state.error["tau_half"] < 1e-4
    assert state.profile("Delta", [0.0, 1e3]) == pytest.approx([state["Delta_0"], state["Delta_inf"]], abs=1e-9)


def test_exchange_of_the_transfer_function_reaches_the_observables() -> None:
    erf = models.by_name("scs").with_transfer(transfer.erf)
    again = pickle.loads(pickle.dumps(erf))
    assert again.on_request == erf.on_request
    assert mf.solve(again, g=2.0)["lambda_max"] == pytest.approx(0.12309417925, abs=1e-10)


def test_models_of_users_get_the_same() -> None:
    """The frozen-noise network written by hand, with nothing but its equation of motion."""
    Delta_0, Delta_inf = mf.unknown("Delta_0", nonnegative=True), mf.unknown("Delta_inf", nonnegative=True)
    g, c = mf.parameters("g c", nonnegative="g c")
    phi, C = mf.transfer.tanh, mf.symbol("Delta")
    x, y = mf.gaussian_pair("x y", mean=0, var=Delta_0, cov=C)
    motion = mf.Motion(C - g**2 * mf.average(phi(x) * phi(y)) - c, start=Delta_0, end=Delta_inf)
    model = mf.Model(
        "frozen noise",
        unknowns=[Delta_0, Delta_inf],
        implicit=[Delta_inf - motion.rest, motion.regular_energy],
        motion=motion,
        starts=[{Delta_0: 2.5, Delta_inf: 1.5}],
    )
    state = mf.solve(with_dynamics(model), g=2.0, c=0.3)
    assert state["Delta_inf"] == pytest.approx(1.6987804146841605, abs=1e-9)
    assert state["lambda_max"] == pytest.approx(0.07707064019330945, abs=1e-10)
    with pytest.raises(ModelError, match="equation of motion"):
        with_dynamics(models.by_name("rank1-stationary"))


def test_an_unknown_request_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ParameterError, match="lambda_max"):
        models.by_name("scs").asking("lambda_mx")


def test_threads_share_what_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread had taken away what another was about to read."""
    monkeypatch.setattr(observables._known, "limit", 1)
    kernel, quantity = mf.compile(models.by_name("scs")), models.by_name("scs").named("tau_half")
    points = np.linspace(1.2, 4.0, 12)
    Delta_0 = mf.solve(models.by_name("scs"), g=points, sigma_squared=0.1)["Delta_0"]

    def one(k: int) -> float:
        return float(kernel.quantities((quantity,), Delta_0[None, k : k + 1], np.array([[points[k], 0.1]]))[0][0, 0])

    alone, pause = [one(k) for k in range(12)], sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as executor:
            assert list(executor.map(one, [*range(12)] * 8)) == alone * 8
    finally:
        sys.setswitchinterval(pause)
