"""Folds, branch points and outliers at 1."""

import pytest
import sympy as sp

import meanfield as mf
from meanfield import models
from meanfield.conditions import fix_parameters, indicator_zero, singular, without, written_out
from meanfield.errors import ModelError
from tests.conditions import bistable
from tests.conditions import normal_forms_zoo as zoo

DRIVEN = {"M_m": 3.5, "M_n": 1, "g": 0.8, "Sigma_m": 1, "Sigma_n": 1, "Sigma_perp": 1}


def names(symbols: object) -> list[str]:
    return [s.name for s in symbols]  # type: ignore[attr-defined]


def test_unknowns_are_the_models_then_the_null_vector_then_the_parameter() -> None:
    model = models.by_name("rank1-stationary")
    fold = singular(model, free="M_n")
    assert names(fold.unknowns) == ["mu", "Delta_0", "v_mu", "v_Delta_0", "M_n"]
    assert names(fold.public_unknowns) == ["mu", "Delta_0", "M_n"]
    assert names(fold.parameters) == ["g", "M_m", "Sigma_m"]
    assert fold.residuals[:2] == model.residuals
    assert fold.stable is None and not fold.junctions


def test_symmetries_carry_the_null_vector_along_and_its_sign_is_one() -> None:
    model = models.by_name("rank1-stationary")
    mu, _, v_mu, v_Delta, _ = singular(model, free="M_n").unknowns
    assert singular(model, free="M_n").symmetries == ({mu: -mu, v_mu: -v_mu}, {v_mu: -v_mu, v_Delta: -v_Delta})
    v_1, v_2 = singular(model, "outliers", free="M_n").unknowns[2:4]
    assert singular(model, "outliers", free="M_n").symmetries == ({mu: -mu, v_2: -v_2}, {v_1: -v_1, v_2: -v_2})


@pytest.mark.parametrize("matrix", ["jacobian", "outliers"])
def test_declared_symmetries_are_symmetries_of_the_equations(matrix: str) -> None:
    from meanfield.model.exchange import is_symmetry

    fold = singular(models.by_name("rank1-stationary"), matrix, free="M_n")
    assert all(is_symmetry(fold, s) for s in fold.symmetries)


def test_folds_of_the_cubic() -> None:
    found = mf.solve(singular(zoo.cubic_fold(), free="p"), find="all")
    assert [(s["u"], s["p"]) for s in found] == [pytest.approx((-1, 2 / 3), abs=1e-14), pytest.approx((1, -2 / 3), abs=1e-14)]


def test_a_transcritical_point_is_a_regular_root_of_one_equation() -> None:
    (s,) = mf.solve(singular(zoo.transcritical(), free="p"), find="all")
    assert (s["u"], s["p"]) == (0, 0)


@pytest.mark.parametrize("model", [zoo.imperfect_pitchfork(), zoo.imperfect_in_two()])
def test_folds_of_the_imperfect_pitchfork(model: mf.Model) -> None:
    found = mf.solve(singular(model, free="epsilon"), find="all", p=1)
    assert len(found) == 2
    for s in found:
        assert abs(s["u"]) == pytest.approx(3**-0.5, abs=1e-12)
        assert abs(27 * s["epsilon"] ** 2 - 4) < 1e-12 and s["u"] * s["epsilon"] < 0


@pytest.mark.parametrize(
    ("free", "start"), [("M_I", (1.44, 1.82, -0.76)), ("Sigma_nI", (2.14, 2.40, -0.73))], ids=["M_I", "Sigma_nI"]
)
def test_folds_of_the_driven_network_against_another_computation(free: str, start: tuple[float, float, float]) -> None:
    known = bistable.fold(free, start)
    model = written_out(models.by_name("rank1-input-stationary"))
    model = model if free == "Sigma_nI" else fix_parameters(model, {"Sigma_nI": 0})
    found = mf.solve(singular(model, free=free, window=(-1, 1)), find="all", **DRIVEN)
    assert len(found) == 2
    down, up = sorted(found, key=lambda s: s[free])
    for name, value in known.items():
        sign = 1 if name == "Delta_0" else -1
        assert abs(down[name] - value) <= down.error[name] < 1e-10
        assert abs(up[name] - sign * value) <= up.error[name] < 1e-10


def test_an_outlier_at_one_is_where_its_indicator_vanishes() -> None:
    model = fix_parameters(models.by_name("rank1-input-stationary"), {"Sigma_mI": 0, "Sigma_nI": 0})
    point = {"M_m": 3.5, "M_n": 1, "g": 0.8, "Sigma_m": 1, "Sigma_I_squared": 1}
    by_matrix = mf.solve(singular(model, "outliers", free="M_I", window=(-1, 1)), find="all", **point)
    by_indicator = mf.solve(indicator_zero(model, "outlier", "M_I", window=(-1, 1)), find="all", **point)
    assert len(by_matrix) == len(by_indicator) == 2
    for a, b in zip(by_matrix, by_indicator, strict=True):
        assert abs(a["M_I"] - b["M_I"]) <= a.error["M_I"] + b.error["M_I"]


def test_a_chaotic_state_disappears_where_it_becomes_statically_unstable() -> None:
    """The fold of a chaotic branch in the mean input, by the Jacobian and by the slope dF/dkappa = 1."""
    model = models.by_name("rank1-input-chaotic")
    point = {"g": 1.8, "M_m": 1, "M_n": 2.5, "Sigma_m": 0.5, "Sigma_nI": 0, "Sigma_I_squared": 0}
    fold = singular(model, free="M_I").changed(starts=(), seeds=())
    static = singular(model, "static", free="M_I").changed(starts=(), seeds=())
    at = [-1.0, -1.0, 2.0, 1.0]
    (a, b), (c, d) = (
        mf.solve(m, find="all", rounds=1, starts=[[*at, *v, 0.2], [1.0, 1.0, 2.0, 1.0, *v, -0.2]], **point)
        for m, v in ((fold, [0.5] * 4), (static, []))
    )
    for one, other in ((a, c), (b, d)):
        assert abs(one["M_I"] - other["M_I"]) <= one.error["M_I"] + other.error["M_I"] < 1e-10
        assert one["Delta_inf"] > 1 and one["kappa"] * one["M_I"] < 0
    assert a["M_I"] == pytest.approx(-b["M_I"], abs=1e-10)
    inside, outside = (mf.solve(model, find="all", **point, M_I=share * a["M_I"]) for share in (0.98, 1.02))
    assert len(inside) == len(outside) + 2


def test_a_threshold_quadratic_network_runs_away_at_a_fold() -> None:
    """phi(x) = max(0, x)^2 has a kink in its derivative: <phi^2> is differentiated twice in closed form."""
    import mpmath as mp

    def moment(k: int, mu: mp.mpf, variance: mp.mpf) -> mp.mpf:
        """<x^k; x > 0>."""
        weight = lambda x: x**k * mp.exp(-((x - mu) ** 2) / (2 * variance)) / mp.sqrt(2 * mp.pi * variance)
        return mp.quad(weight, [0, 1, 3, 10])

    def equations(mu: mp.mpf, variance: mp.mpf, offset: mp.mpf) -> list[mp.mpf]:
        m0, m1, m2, m3, m4 = (moment(k, mu, variance) for k in range(5))
        a, b = 1 - 2 * m1, -m0  # of mu - <phi> - M_I by mu and the variance
        c, d = -4 * m3 / 4 - 2 * 2 * m1 * m2 / 25, 1 - 6 * m2 / 4 - 2 * m0 * m2 / 25
        return [mu - m2 - offset, variance - m4 / 4 - m2**2 / 25 - mp.mpf("0.3"), a * d - b * c]

    with mp.workdps(25):
        known = mp.findroot(equations, (0.145, 0.4, -0.14), tol=1e-35)
    model = models.by_name("rank1-input-stationary").with_transfer(mf.transfer.by_name("threshold_power:2"))
    fold = singular(model, free="M_I", window=(-1, 1))
    (s,) = mf.solve(fold, find="all", g=0.5, M_m=1, M_n=1, Sigma_m=0.2, Sigma_nI=0, Sigma_I_squared=0.3)
    for name, value in zip(("mu", "Delta_0", "M_I"), known, strict=True):
        assert abs(s[name] - value) <= s.error[name] < 1e-12
    with pytest.raises(ModelError, match="exchange the transfer function of the model first"):
        fold.with_transfer(mf.transfer.tanh)


def test_starts_of_the_caller_lead_to_the_fold() -> None:
    model = models.by_name("rank1-input-stationary")
    fold = singular(model, free="M_I", window=(-1, 1))
    s = mf.solve(fold.changed(starts=()), find="all", starts=[[1.4, 0.6, 1.8, 0.5, 0.2, 0.5, -0.7]], rounds=0, **DRIVEN, Sigma_nI=0)
    assert any(abs(one["M_I"] + 0.759386054001) < 1e-11 for one in s)


def test_an_explicit_matrix() -> None:
    model = zoo.imperfect_in_two()
    u, y = model.unknowns
    p = zoo.p
    found = mf.solve(singular(model, sp.Matrix([[p - y, -u], [-2 * u, 1]]), free="epsilon"), find="all", p=1)
    assert sorted(s["epsilon"] for s in found) == pytest.approx([-((4 / 27) ** 0.5), (4 / 27) ** 0.5], abs=1e-12)


def test_a_mean_input_needs_no_newton() -> None:
    fold = without(singular(models.by_name("rank1-input-stationary"), free="M_I", window=(-1, 1)), "M_I")
    assert "M_I" not in names(fold.unknowns) and "M_I" in names(fold.public_unknowns)
    found = mf.solve(fold, find="all", **DRIVEN, Sigma_nI=0)
    assert sorted(s["M_I"] for s in found) == pytest.approx([-0.7593860540010206, 0.7593860540010206], abs=1e-11)


def test_refusals() -> None:
    model = models.by_name("rank1-stationary")
    with pytest.raises(ModelError, match="no spectrum 'outlier'; did you mean 'outliers'"):
        singular(model, "outlier", free="g")
    with pytest.raises(ModelError, match="must be square, got 1 x 2"):
        singular(model, sp.Matrix([[1, 2]]), free="g")
    with pytest.raises(ModelError, match="no parameter 'M_q'"):
        singular(model, free="M_q")
    taken = mf.Model("taken", equations={mf.unknown("mu"): mf.parameter("v_mu"), mf.unknown("nu"): mf.parameter("p")})
    with pytest.raises(ModelError, match="needs the name v_mu"):
        singular(taken, free="p")
