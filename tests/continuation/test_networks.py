"""Branches of the library's networks: boundaries against THEORY's tables and against Newton's method in multiple precision."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import meanfield as mf
from meanfield.continuation import Forest
from tests.continuation.zoo import close

# (M_n, Sigma_m): onset of chaos on the structured branch, and where structured chaos merges with the homogeneous; M_m = 1
STRUCTURED = {
    (1.5, 0.0): (1.3992087107, 1.4811625951),
    (2.5, 1.0): (1.9400759374, 2.4146366270),
    (3.0, 0.0): (2.3256499033, 2.8787528574),
}


def at(forest: Forest, model: str, kind: str) -> list[float]:
    """Values of g, each once, at the events of a kind on the branches of a model."""
    found = [e.at["g"] for b in forest if b.model.name == model for e in b.events(kind)]
    return sorted({round(value, 9) for value in found})


@pytest.mark.parametrize(("M_n", "Sigma_m"), STRUCTURED)
def test_structured_states_through_chaos_to_the_merger(M_n: float, Sigma_m: float) -> None:
    onset, merger = STRUCTURED[M_n, Sigma_m]
    forest = mf.bifurcation_diagram(mf.models.by_name("rank1-stationary"), "g", (0.2, 4), M_m=1, M_n=M_n, Sigma_m=Sigma_m)
    assert min(abs(np.array(at(forest, "rank1-stationary", "chaos")) - onset)) < 1e-9
    assert at(forest, "rank1-chaotic", "pitchfork") == pytest.approx([merger], abs=1e-9)
    [event] = [e for b in forest if b.model.name == "rank1-chaotic" and b.partner is None for e in b.events("pitchfork")][:1]
    assert event.name == "supercritical pitchfork" and event.error["g"] < 1e-12
    phases = [(b.model.name, b.partner is None) for b in forest]
    assert phases.count(("rank1-stationary", True)) == 3  # rest, the frozen states, the structured states
    assert all(e.sharp for e in forest.events())


def test_the_onset_seen_from_both_sides_is_one_number() -> None:
    """M&O, figure 1; the reference: Newton's method with 30 digits on the equations and the condition together."""
    forest = mf.bifurcation_diagram(mf.models.by_name("rank1-stationary"), "g", (0.2, 4), M_m=1.1, M_n=2, Sigma_m=1)
    exact = {"g": 1.79589930043195612776808406534, "mu": 0.645269596488831, "Delta_0": 2.17233867358517777244646358459}
    event = min(forest.events("chaos"), key=lambda e: abs(e.at["g"] - exact["g"]) - e.unknowns["mu"])
    close(event, exact, 1e-13)
    born = [b for b in forest if b.model.name == "rank1-chaotic" and abs(b["g"][0] - exact["g"]) < 1e-3]
    assert all(abs(b["g"][0] - exact["g"]) < 1e-12 for b in born) and len(born) == 2
    signs = {np.sign(b["mu"][len(b) // 2]) for b in born}
    assert signs == {-1.0, 1.0}


def moments(mu, variance, functions):
    """Gaussian averages in the working precision, by the trapezoid rule."""
    step, reach = mpmath.mpf("0.1"), 130
    nodes = [k * step for k in range(-reach, reach + 1)]
    weights = [mpmath.exp(-z * z / 2) * step / mpmath.sqrt(2 * mpmath.pi) for z in nodes]
    x = [mu + mpmath.sqrt(variance) * z for z in nodes]
    return [mpmath.fsum(w * f(v) for w, v in zip(weights, x, strict=True)) for f in functions]


def driven(kappa, variance, M_I, Sigma_nI, given):
    """(F, G): residuals of kappa and Delta_0 of the driven rank-one network with tanh (THEORY, part C)."""
    g, M_m, M_n, Sigma_m = (mpmath.mpf(str(given[k])) for k in ("g", "M_m", "M_n", "Sigma_m"))
    spread = mpmath.mpf(str(given["Sigma_n"]))
    input_variance = (Sigma_nI / spread) ** 2 + mpmath.mpf(str(given["Sigma_perp"])) ** 2 if spread else mpmath.mpf(0)
    mean, square, slope = moments(
        M_m * kappa + M_I, variance, (mpmath.tanh, lambda v: mpmath.tanh(v) ** 2, lambda v: mpmath.sech(v) ** 2)
    )
    return (
        kappa - M_n * mean - Sigma_nI * slope,
        variance - g**2 * square - Sigma_m**2 * kappa**2 - input_variance,
    )


@pytest.mark.parametrize("along", ["M_I", "Sigma_nI"])
def test_folds_of_the_driven_network(along: str) -> None:
    if along == "M_I":
        given, window = {"g": 0.8, "M_m": 1, "M_n": 2, "Sigma_m": 0.0, "Sigma_n": 0, "Sigma_perp": 0}, (-1, 1)
    else:
        given, window = {"g": 0.8, "M_m": 3.5, "M_n": 1, "Sigma_m": 1, "Sigma_n": 1, "Sigma_perp": 1}, (0, 2)
    forest = mf.bifurcation_diagram(mf.models.by_name("rank1-input-stationary"), along, window, **given)
    fold = forest.events("fold")[0]
    with mpmath.workdps(25):

        def system(kappa, variance, free):
            inputs = (free, mpmath.mpf(0)) if along == "M_I" else (mpmath.mpf(0), free)
            F = lambda k, d: driven(k, d, *inputs, given)
            h = mpmath.mpf(10) ** -7  # central differences in 25 digits: good to 14
            by_kappa = [(a - b) / (2 * h) for a, b in zip(F(kappa + h, variance), F(kappa - h, variance), strict=True)]
            by_variance = [(a - b) / (2 * h) for a, b in zip(F(kappa, variance + h), F(kappa, variance - h), strict=True)]
            return (*F(kappa, variance), by_kappa[0] * by_variance[1] - by_kappa[1] * by_variance[0])

        near = [mpmath.mpf(v) for v in (fold.unknowns["kappa"], fold.unknowns["Delta_0"], fold.at[along])]
        root = mpmath.findroot(system, near, tol=1e-18, verify=False)
        exact = {"kappa": float(root[0]), "Delta_0": float(root[1]), along: float(root[2])}
    close(fold, exact, 1e-12)
    assert fold.stable_before is not fold.stable_after  # one eigenvalue changes its side


@pytest.mark.parametrize(("g", "D_c"), [(1.5, 0.1861437462), (2.0, 1.6359572439), (3.0, 15.0806586089)])
def test_kac_rice_through_the_critical_input(g: float, D_c: float) -> None:
    forest = mf.bifurcation_diagram(mf.models.by_name("kac-rice"), "D", (0, 25), g=g)
    assert {b.model.name for b in forest} == {"kac-rice", "kac-rice-single"} and len(forest) == 2
    junctions = forest.events("junction")
    assert junctions and all(abs(e.at["D"] - D_c) < 1e-10 * max(1, D_c) + 1e-10 for e in junctions)
    assert max(e.error["D"] for e in junctions) < 2e-12
    spans = sorted((min(b["D"][[0, -1]]), max(b["D"][[0, -1]])) for b in forest)
    assert spans[0] == pytest.approx((0, D_c), abs=1e-9) and spans[1] == pytest.approx((D_c, 25), abs=1e-9)


@pytest.mark.parametrize(
    ("sigma_squared", "local", "chaos"),
    [(0.1, 1.2474718457, 1.4250341733), (0.5, 1.4993566821, 1.9556655498), (1.0, 1.6648219617, 2.3549844908)],
)
def test_white_noise_is_unstable_before_it_is_chaotic(sigma_squared: float, local: float, chaos: float) -> None:
    [branch] = mf.bifurcation_diagram(mf.models.by_name("scs"), "g", (0.2, 4), sigma_squared=sigma_squared)
    for name, value in (("local_instability", local), ("onset_of_chaos", chaos)):
        [event] = branch.events(name)
        assert abs(event.at["g"] - value) < 1e-10 and event.error["g"] < 2e-11


def test_threshold_linear_chaos_starts_where_the_proof_says() -> None:
    """THEORY A11: g = sqrt 2, mu = 0, Delta_0 = 2 pi (b / J_0)^2."""
    model = mf.models.by_name("rank1-input-stationary").with_transfer(mf.transfer.relu)
    forest = mf.bifurcation_diagram(model, "g", (0.2, 1.7), switch=False, M_m=1, M_n=-2, Sigma_m=0, M_I=1)
    [event] = forest.events("chaos")
    close(event, {"g": np.sqrt(2), "mu": 0.0, "Delta_0": 2 * np.pi / 4}, 1e-12)


@pytest.mark.parametrize("phi", ["erf", "algebraic"])
def test_other_transfer_functions_pass_the_same_phases(phi: str) -> None:
    model = mf.models.by_name("rank1-stationary").with_transfer(mf.transfer.by_name(phi))
    forest = mf.bifurcation_diagram(model, "g", (0.2, 4), M_m=1.1, M_n=2, Sigma_m=1)
    [onset] = {round(e.at["g"], 10) for e in forest.events("chaos") if e.sharp and e.at["g"] > 1.1}
    exact = mf.solve(mf.indicator_zero(model, "chaos", free="g"), M_m=1.1, M_n=2, Sigma_m=1, find="all")
    assert min(abs(s["g"] - onset) for s in exact) < 1e-9
    assert len({round(e.at["g"], 10) for b in forest if b.model.name == "rank1-chaotic" for e in b.events("pitchfork")}) == 1


def test_a_pitchfork_just_beyond_the_end_of_the_window() -> None:
    """It lies at g = 3.5163, within the last step of the heterogeneous branches, which was divided there."""
    held = {"M_m": 1.370357710828346, "M_n": 2.90046247961553, "Sigma_m": 0.4990221888169873}
    forest = mf.bifurcation_diagram(mf.models.by_name("rank1-stationary"), "g", (0.2, 3.5), **held)
    assert max(b["g"].max() for b in forest) == 3.5
    ends = [e for b in forest for e in b.events() if e.type == "window"]
    assert all(e.sharp and e.at["g"] in (pytest.approx(0.2, abs=1e-15), pytest.approx(3.5, abs=1e-14)) for e in ends)
    assert not any(e.type == "pitchfork" for b in forest for e in b.events())


def test_next_to_the_onset_of_chaos_events_are_within_their_claims() -> None:
    """g - 1 = 0.0058: the frozen states, the onset of chaos and its end lie within 2e-5 of one another.

    Numbers: Newton's method on the equations and conditions with Gaussian averages in 25 digits.
    """
    held = {"g": 1.005793071400517, "M_m": 1.922057272673292, "Sigma_m": 0.0}
    models = [mf.models.by_name(name) for name in ("rank1-stationary", "rank1-chaotic")]
    forest = mf.bifurcation_diagram(models, "M_n", (-1.0, 4.0), **held)
    onset = {"M_n": 0.52330712774878060787, "mu": 5.0915427910631641e-4, "Delta_0": 0.0058600001464348376}
    near = [e for b in forest for e in b.events() if 0.5232 < e.at["M_n"] < 0.5234]
    [chaos] = [e for e in near if e.name == "chaos" and e.unknowns["mu"] > 0]
    close(chaos, onset, 1e-12)
    frozen = [e for e in near if e.type == "pitchfork" and e.branch.model.name == "rank1-stationary"]
    merger = [e for e in near if e.type == "pitchfork" and e.branch.model.name == "rank1-chaotic"]
    for event in frozen:
        close(event, {"M_n": 0.52329559805622397149}, 1e-13)
    for event in merger:
        close(event, {"M_n": 0.52329272099889535578}, 1e-13)
    assert len(frozen) == 3 and len(merger) >= 3
