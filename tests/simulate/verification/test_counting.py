"""`verify` of theories about fixed points: the same numbers as pooling by hand, whatever it says, and never more than it can."""

import numpy as np
import pytest

import meanfield as mf
from meanfield.errors import NoSolution, ParameterError
from meanfield.simulate.ensemble import Ensemble
from meanfield.simulate.kac_rice import Beside, beside_tallies, beside_theory
from meanfield.simulate.many_networks import sample_fixed_points
from meanfield.simulate.planted import BLOCK, beside_searched
from meanfield.simulate.pooled import Pooled, fit_line
from meanfield.simulate.tally import MEANS, Tally
from meanfield.simulate.verification import Comparison, Verdict, counting, verify

SIZES, COUNTS = (12, 16, 20), (6, 5, 4)
SEARCH = {"starts": 192, "until": None, "seed": 4, "workers": 1}
AT = {"g": 2.5, "D": 0.0}
NAMES = ["complexity", "mean_square", "mean_square_phi", "fraction_near_zero"]
NAMES += ["bulk_radius", "fraction_outside", "fraction_unstable"]


@pytest.fixture(scope="module")
def kac_rice() -> mf.Model:
    return mf.models.by_name("kac-rice")


@pytest.fixture(scope="module")
def result(kac_rice) -> mf.Verification:
    return verify(kac_rice, neurons=SIZES, networks=COUNTS, settings={**SEARCH, "guided": False}, **AT)


@pytest.fixture(scope="module")
def ensembles(kac_rice) -> list[Ensemble]:
    options = {**SEARCH, **AT}
    return [sample_fixed_points(kac_rice, neurons=n, networks=k, **options) for n, k in zip(SIZES, COUNTS, strict=True)]


def test_it_says_what_pooling_says(kac_rice, result, ensembles) -> None:
    assert [c.name for c in result.comparisons] == NAMES
    for c, row in zip(result.comparisons, beside_theory(ensembles, mf.solve(kac_rice, **AT)), strict=True):
        assert (c.name, c.value) == (row.quantity, pytest.approx(row.limit.value, rel=1e-8))  # of two searches for the solution
        left = np.array(c.limit.means) - c.limit.added  # what fluctuations add is taken away
        x, y, e = ([1 / n for n in SIZES[1:]], left[1:], c.limit.errors[1:])
        moved = fit_line(x, y, e).intercept - c.value  # without the smallest size
        assert c.standard_error == pytest.approx(np.hypot(row.limit.error, moved), rel=1e-6)
        assert c.theory == pytest.approx(row.theory, rel=1e-10)
        assert c.limit.means == tuple(p.value for p in row.sizes.values())
        assert not c.doubt and abs(c.z) <= abs(row.z)  # Student's law has the longer tails
    assert [counts["found"] for counts in result.counts] == [int(e.counts.sum()) for e in ensembles]
    # The complexity is the slope in N of ln <count>, less what fluctuations add.
    logs = [e.log_count for e in ensembles]
    added = np.array(result["complexity"].limit.added) * SIZES
    slope = fit_line(SIZES, [p.value for p in logs] - added, [p.error for p in logs])
    assert result["complexity"].value == pytest.approx(slope.slope, rel=1e-10)
    assert result["complexity"].limit.standard_error == pytest.approx(slope.slope_error, rel=1e-9)


def made_up(_, neurons: int, seed: int, block: int) -> list[Tally]:
    """In the place of 64 planted networks."""
    rng = np.random.default_rng([neurons, seed, block])
    weights, values = rng.uniform(1, 2, BLOCK), rng.uniform(0.4, 0.5, (BLOCK, len(MEANS))) * (1 + 1 / neurons)
    return [Tally(float(w), float(w), 1, dict(zip(MEANS, w * v, strict=True))) for w, v in zip(weights, values, strict=True)]


def test_searched_networks_are_led_to_infinity_by_planted_ones(kac_rice, result, ensembles, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(counting, "planted_block", made_up)
    asked = {"neurons": SIZES, "networks": COUNTS, "settings": {**SEARCH, "guided": 200}, "save": tmp_path / "kept", **AT}
    guided = verify(kac_rice, **asked)
    planted = {n: [t for block in range(4) for t in made_up(None, n, SEARCH["seed"], block)][:200] for n in (*SIZES, 26, 36)}
    rows = beside_searched({e.neurons: e.tallies for e in ensembles}, planted, mf.solve(kac_rice, **AT))
    for c, row in zip(guided.comparisons, rows, strict=True):
        assert (c.name, c.value) == (row.quantity, pytest.approx(row.limit.value, rel=1e-8))
        assert c.standard_error == pytest.approx(np.hypot(row.limit.error, row.extrapolation), rel=1e-6)
    assert "planted" in guided.note and guided.counts == result.counts and guided.settings["guided"] == 200
    monkeypatch.setattr(counting, "_SAMPLES", 200)
    del asked["settings"]["guided"]
    again = verify(kac_rice, **asked)  # from what was kept, and as it is done unless something else is asked for
    assert again.settings["guided"] is True
    assert [c.value for c in again.comparisons] == [c.value for c in guided.comparisons]
    with pytest.raises(ParameterError, match="with planted=True nothing is searched"):
        verify(kac_rice, settings={"guided": True, "planted": True}, **AT)


def test_near_zero_is_an_integral_of_mu_star(kac_rice, result) -> None:
    state = mf.solve(kac_rice, **AT)
    y = np.linspace(-0.5, 0.5, 2001)
    assert result["fraction_near_zero"].theory == pytest.approx(np.trapezoid(state.profile("density", y), y), abs=1e-6)
    assert 0 < result["fraction_near_zero"].theory_error < 1e-9


def test_it_says_that_the_theory_is_annealed(result) -> None:
    assert "annealed" in result.note and "annealed" in str(result)
    assert result.counted == "fixed points"


def test_missing_fixed_points_get_no_z(kac_rice) -> None:
    hasty = {"starts": 64, "until": None, "seed": 1, "workers": 1}
    found = verify(kac_rice, neurons=(20, 30, 40), networks=(3, 3, 3), settings=hasty, g=6.0, D=0.0)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert all(np.isnan(c.z) and "of the fixed points were found" in c.doubt for c in found.comparisons)
    assert "no z (only" in str(found)
    assert all(counts["missing by Chao's estimate"] > 0 for counts in found.counts)
    assert "guided" not in found.settings  # nothing was planted in vain


@pytest.mark.parametrize("networks", [3, 4000])
def test_networks_that_do_not_differ_may_have_been_too_few(kac_rice, networks: int) -> None:
    """Near D_c three networks of one size often have one fixed point each, which had been known to 1e-15: here z was -16."""
    rng = np.random.default_rng(networks)
    state = mf.solve(kac_rice, g=2.0, D=1.5)

    def one() -> Tally:
        return Tally(1.0, 1.0, 512, {name: rng.normal(1, 0.1) if name != "fraction_unstable" else 0.0 for name in MEANS})

    rows = {r.quantity: r for r in beside_tallies({N: [one() for _ in range(networks)] for N in (40, 60, 80)}, state)}
    for name, least in (("complexity", 2 / 3), ("fraction_unstable", 1 / 3)):
        assert rows[name].sizes[60].error == pytest.approx(least / 60 * 3 / (networks + 1), rel=0.25), name
        assert (abs(rows[name].z) < 2) == (networks == 3), name  # among 4000 there would have been some


def test_too_few_networks_with_fixed_points_are_inconclusive(kac_rice) -> None:
    """It was an error, after the search: the logarithm of a mean count needs at least two networks with a count."""
    found = verify(kac_rice, neurons=(8, 10, 12), networks=3, settings={"starts": 64, "workers": 1}, g=1.1)
    assert found.verdict is Verdict.INCONCLUSIVE and not found.comparisons
    assert "too few networks have fixed points" in found.reason and "of [5, 4, 3]" in found.reason
    assert len(found.counts) == 3 and "guided" not in found.settings


def test_nothing_is_planted_where_nothing_will_be_compared(kac_rice, monkeypatch) -> None:
    """Next to the onset 4096 networks were planted of each size, too few of them counted, and that was an error."""
    monkeypatch.setattr(counting, "planted_block", None)
    found = verify(kac_rice, neurons=(12, 16, 20), networks=6, settings={"starts": 64, "seed": 1, "workers": 1}, g=1.2)
    assert found.comparisons and all("take larger ones" in c.doubt for c in found.comparisons)
    assert found.verdict is Verdict.INCONCLUSIVE and "longer time" not in found.reason and "asked for" not in found.reason
    assert "guided" not in found.settings and "fluctuations" not in found.note


def test_where_there_is_one_fixed_point_it_is_the_mean_field_state() -> None:
    """And a theory of networks with a tenth of the gain is caught."""
    single = mf.models.by_name("kac-rice-single")
    asked = {"neurons": (30, 45, 60), "networks": 5, "settings": {"starts": 64, "until": None, "workers": 1}, "g": 0.8, "D": 1.0}
    found = verify(single, **asked)
    assert found["complexity"].value == pytest.approx(0, abs=1e-14)
    assert found["fraction_unstable"].value == found["fraction_unstable"].theory == 0
    assert found.verdict in (Verdict.PASS, Verdict.INCONCLUSIVE), str(found)
    assert {c.name for c in found.comparisons} == set(NAMES)
    g, D = mf.parameters("g D", nonnegative="g D")
    weaker = mf.network(mf.transfer.tanh, strength=g / 10, covariances={("I", "I"): D})
    assert verify(single.changed(network=weaker), **asked).verdict is Verdict.FAIL


def counted(quantity: str, theory: float, values: list[float]) -> Comparison:
    """The row of a table of networks of 40, 60, 80 and 100 neurons with these means."""
    x, y, e = [1 / n for n in (40, 60, 80, 100)], np.array(values), np.full(4, 2e-4)
    line = fit_line(x, y, e)
    sizes = {n: Pooled(v, w) for n, v, w in zip((40, 60, 80, 100), y, e, strict=True)}
    moved = abs(fit_line(x[1:], y[1:], e[1:]).intercept - line.intercept)
    return counting._comparison(Beside(quantity, theory, 0.0, sizes, dict.fromkeys(sizes, 0.0), line, moved, 1.0), 380)


@pytest.mark.parametrize("quantity", ["complexity", "fraction_outside", "fraction_unstable"])
def test_what_falls_to_zero_faster_than_any_line_does_not_fail(quantity: str) -> None:
    """Beyond D_c the share of eigenvalues outside the unit circle is 0; a line through finite networks ends below."""
    falling = counted(quantity, 0.0, [0.04 * np.exp(-n / 20) for n in (40, 60, 80, 100)])
    assert falling.limit.value < -8 * falling.limit.standard_error
    assert abs(falling.z) <= 1 and falling.verdict is Verdict.PASS
    assert falling.standard_error > -falling.limit.value
    # Where there are some in the limit, too, a theory of none fails as before.
    assert counted(quantity, 0.0, [0.05 + 0.1 / n for n in (40, 60, 80, 100)]).verdict is Verdict.FAIL
    assert counted("mean_square", 0.0, [0.04 * np.exp(-n / 20) for n in (40, 60, 80, 100)]).z < -2


def test_refusals(kac_rice) -> None:
    with pytest.raises(ParameterError, match="no setting 'trajectories', only starts, until, seed"):
        verify(kac_rice, settings={"trajectories": 2}, g=2)
    with pytest.raises(ParameterError, match="networks do not show 'phi'; they show complexity"):
        verify(kac_rice, neurons=SIZES, networks=3, settings=SEARCH, quantities=["phi"], g=2)
    with pytest.raises(NoSolution):
        verify(kac_rice, g=0.5)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"settings": {"seed": -1}}, "seed must be a whole number, at least 0, got -1"),
        ({"settings": {"planted": True, "seed": 1.5}}, "seed must be a whole number, at least 0, got 1.5"),
        ({"settings": {"starts": "many"}}, "starts must be a whole number, at least 1, got 'many'"),
        ({"settings": {"workers": 0}}, "workers must be a whole number, at least 1"),
        ({"settings": {"until": "all"}}, "until must be None or a share"),
        ({"settings": {"planted": "yes"}}, "planted must be True or False, got 'yes'"),
        ({"neurons": (0, 1, 2)}, "neurons must be a whole number, at least 1, got 0"),
        ({"neurons": (10, 12.5, 14)}, "neurons must be a whole number, at least 1, got 12.5"),
        ({"neurons": (10, 12, float("nan"))}, "neurons must be a whole number, at least 1, got nan"),
        ({"neurons": 5}, r"three sizes at least, such as \(250, 500, 1000\), got 5"),
        ({"neurons": "abc"}, "three sizes at least"),
        ({"networks": 3.5}, "networks must be a whole number, at least 3, got 3.5"),
        ({"networks": (4, 4, 2)}, "networks must be a whole number, at least 3, got 2"),
        ({"state": "first"}, "state must be from 0 to 0, .* got 'first'"),
    ],
)
def test_what_is_no_number_is_refused_in_a_sentence(kac_rice, asked, said) -> None:
    """Many of these were errors of Python's or NumPy's."""
    with pytest.raises(ParameterError, match=said):
        verify(kac_rice, **{"neurons": SIZES, "networks": 3, "g": 2.0, **asked})
