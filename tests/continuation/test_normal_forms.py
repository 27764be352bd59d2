"""Normal forms: exact coefficients, against formulas on paper, against differences, and against the branches themselves."""

import numpy as np
import pytest

import meanfield as mf
from meanfield import models
from meanfield.conditions import fix_parameters, singular, symmetry_breaking, written_out
from meanfield.continuation.derivatives import ModelDerivatives, derivatives
from meanfield.continuation.differences import Differences
from meanfield.continuation.normal_forms import NormalForm, normal_form, null_vectors
from meanfield.solve import FunctionProblem
from tests.conditions import normal_forms_zoo as zoo
from tests.solve import analytic_zoo


def coefficients(form: NormalForm) -> list[float]:
    return [form.a, form.b20, form.b11, form.b02, form.c30]


@pytest.mark.parametrize(
    ("model", "x", "p", "expected", "kind"),
    [
        (zoo.cubic_fold(), [1.0], [-2 / 3], [1, -1, 0, 0, np.nan], "fold"),
        (zoo.pitchfork(), [0.0], [0.0], [0, 0, 1, 0, -1], "pitchfork"),
        (zoo.transcritical(), [0.0], [0.0], [0, -1, 1, 0, np.nan], "transcritical"),
        (zoo.quintic(), [0.0], [0.0, 0.5], [0, 0, 1, 0, 0.5], "pitchfork"),
        (zoo.quintic(), [0.0], [0.0, 0.0], [0, 0, 1, 0, 0], "degenerate"),
        (zoo.feedback(), [0.0, 0.0], [0.0, 0.25], [0, 0, 1, 0, -0.75], "pitchfork"),
        (zoo.imperfect_pitchfork(), [0.0], [0.0, 0.0], [0, 0, 1, 0, -1], "pitchfork"),
    ],
    ids=["fold", "pitchfork", "transcritical", "subcritical", "tricritical", "feedback", "imperfect"],
)
def test_coefficients_of_the_zoo(model: mf.Model, x: list[float], p: list[float], expected: list[float], kind: str) -> None:
    kernel = mf.compile(model)
    ordered = [p[["p", "q", "epsilon"].index(name)] if name != "epsilon" else 0.0 for name in kernel.parameter_names]
    form = normal_form(kernel, x, ordered, "p")
    assert coefficients(form) == pytest.approx(expected, abs=1e-14, nan_ok=True)
    assert form.kind() == kind


def test_an_isolated_point() -> None:
    """u^2 + p^2 = 0: a branch point at which no branches cross."""
    model = zoo.scalar("isola centre", zoo.u**2 + zoo.p**2)
    form = normal_form(mf.compile(model), [0.0], [0.0], "p")
    assert form.kind() == "isolated"
    with pytest.raises(ValueError, match="no tangents"):
        form.tangents()


def test_tangents_of_a_transcritical_point() -> None:
    tangents = normal_form(mf.compile(zoo.transcritical()), [0.0], [0.0], "p").tangents()
    slopes = sorted(t[0] / t[1] for t in tangents)
    assert slopes == pytest.approx([0, 1])


@pytest.mark.parametrize(("g", "M_m", "Sigma_m"), [(0.8, 1.0, 1.0), (0.3, 2.0, 0.5), (0.95, 0.7, 0.0)])
def test_the_pitchfork_of_the_rank_one_network(g: float, M_m: float, Sigma_m: float) -> None:
    """THEORY, part C: mu^2 [1/3 + (g^2 + Sigma_m^2 M_n^2)/(1 - g^2)] = M_m M_n - 1, on the edge Delta_0 = 0 of the domain."""
    M_n = 1 / M_m
    form = normal_form(mf.compile(models.by_name("rank1-stationary")), [0.0, 0.0], [g, M_m, M_n, Sigma_m], "M_n")
    bracket = 1 / 3 + (g**2 + Sigma_m**2 * M_n**2) / (1 - g**2)
    assert form.kind() == "pitchfork" and form.side == 1 and form.supercritical()
    assert -form.c30 / form.b11 == pytest.approx(bracket / M_m, rel=1e-13)
    assert abs(form.c30 - bracket) <= form.error["c30"] + 4e-16 * bracket < 1e-12
    assert form.h[1] > 0  # the variance grows into the domain


def test_structured_chaos_leaves_homogeneous_chaos_into_the_domain() -> None:
    """On the edge Delta_inf = 0; the predicted state is next to the one that is found."""
    model = models.by_name("rank1-chaotic")
    (s,) = mf.solve(symmetry_breaking(model, free="M_n", window=(1, 4)), find="all", g=2, M_m=1, Sigma_m=1)
    form = normal_form(mf.compile(model), [0.0, 0.0, s["Delta_0"]], [2, 1, s["M_n"], 1], "M_n")
    assert form.kind() == "pitchfork" and form.side == 1
    amplitudes, misses = (0.04, 0.02), []
    for u in amplitudes:
        x, p = form.predict(u)
        assert x[1] > 0
        found = mf.solve(model, find="all", g=2, M_m=1, Sigma_m=1, M_n=p[2])
        misses.append(min(abs(state["mu"] - x[0]) + abs(state["Delta_inf"] - x[1]) for state in found))
    assert misses[1] < 1e-3 and 3 < misses[0] / misses[1] < 20  # third order and higher is left


@pytest.mark.parametrize("free", ["M_I", "Sigma_nI"])
def test_folds_of_the_driven_network_bend_as_the_branch_does(free: str) -> None:
    model = fix_parameters(written_out(models.by_name("rank1-input-stationary")), {"Sigma_mI": 0, "Sigma_n": 1, "Sigma_perp": 1})
    point = {"M_m": 3.5, "M_n": 1, "g": 0.8, "Sigma_m": 1, "M_I": 0.0, "Sigma_nI": 0.0}
    given = {k: v for k, v in point.items() if k != free}
    s = mf.solve(singular(model, free=free, window=(-1, 1)), find="all", **given)[0]
    kernel = mf.compile(model)
    p = [float(s[free]) if name == free else point[name] for name in kernel.parameter_names]
    form = normal_form(kernel, [s["mu"], s["kappa"], s["Delta_0"]], p, free)
    assert form.kind() == "fold"
    for u in (0.02, -0.02):
        x, at = form.predict(u)
        found = mf.solve(model, find="all", **{**point, free: at[kernel.parameter_names.index(free)]})
        assert len(found) == 3
        assert min(abs(state["mu"] - x[0]) for state in found) < 1e-3


def test_events_of_a_branch_carry_their_normal_form() -> None:
    model = models.by_name("rank1-stationary")
    point = mf.solve(model, g=0.8, M_m=1.2, M_n=1.5, Sigma_m=1)
    (event,) = mf.follow(point, along="M_n", to=0.1).events("pitchfork")
    form = event.normal_form()
    assert form.kind() == event.type and form.side == event.details["opens"] == 1
    assert form.supercritical() is event.details["supercritical"] is True
    assert -form.c30 / form.b11 * 1.2 == pytest.approx(1 / 3 + (0.64 + 1 / 1.44) / 0.36, rel=1e-12)


def test_a_fold_on_a_branch_is_a_root_of_the_fold_equations() -> None:
    point = {"M_m": 3.5, "M_n": 1, "g": 0.8, "Sigma_m": 1, "Sigma_n": 1, "Sigma_perp": 1, "Sigma_nI": 0}
    model = models.by_name("rank1-input-stationary")
    branch = mf.follow(mf.solve(model, M_I=0.9, **point), along="M_I", to=-1.0)
    known = mf.solve(singular(model, free="M_I", window=(-1, 1)), find="all", **point)
    events = branch.events("fold")
    assert len(events) == len(known) == 2
    for event in events:
        assert min(abs(event.at["M_I"] - s["M_I"]) - s.error["M_I"] for s in known) <= event.error["M_I"]
        form = event.normal_form()
        assert form.kind() == "fold" and form.side == -np.sign(event.at["M_I"])
    with pytest.raises(mf.errors.ParameterError, match="has no normal form"):
        branch.events("window")[0].normal_form()


def test_normal_forms_along_a_path_that_moves_several_parameters() -> None:
    """Along Sigma_nI at given Sigma_n the variance of the input moves too; the written-out model has one parameter for both."""
    point = {"M_m": 3.5, "M_n": 1, "g": 0.8, "Sigma_m": 1, "Sigma_n": 1, "Sigma_perp": 1, "M_I": 0}
    forms = []
    for model in (models.by_name("rank1-input-stationary"), written_out(models.by_name("rank1-input-stationary"))):
        branch = mf.follow(mf.solve(model, Sigma_nI=1.0, **point), along="Sigma_nI", to=-1.0)
        forms.append(branch.events("fold")[0].normal_form())
    assert all(form.kind() == "fold" and form.side == 1 for form in forms)
    assert [forms[0].a, forms[0].b20] == pytest.approx([forms[1].a, forms[1].b20], rel=1e-9)


def as_plain(kernel: mf.compile) -> FunctionProblem:  # type: ignore[valid-type]
    return FunctionProblem(
        kernel.residual,
        lambda x, p: kernel.residual_jacobian(x, p)[1],
        kernel.names,
        kernel.parameter_names,
        lower=kernel.lower,
        parameter_derivative=kernel.parameter_derivative,
    )


@pytest.mark.parametrize(
    ("name", "phi"),
    [
        ("rank1-stationary", "tanh"),
        ("rank1-stationary", "relu"),
        ("rank1-stationary", "threshold_power:2"),
        ("rank1-chaotic", "erf"),
        ("scs", "tanh"),
        ("kac-rice", "tanh"),
    ],
)
def test_differences_agree_with_exact_derivatives_within_their_claims(name: str, phi: str) -> None:
    from meanfield.compile import FINE

    kernel = mf.compile(models.by_name(name).with_transfer(mf.transfer.by_name(phi))).at(FINE)
    n, m = len(kernel.names), len(kernel.parameter_names)
    rng = np.random.default_rng(5)
    x, p = 0.5 + 0.4 * rng.random(n), 0.9 + 0.3 * rng.random(m)
    along = kernel.parameter_names[0]
    exact, plain = derivatives(kernel, along), derivatives(as_plain(kernel), along)
    assert isinstance(exact, ModelDerivatives) and isinstance(plain, Differences)
    assert exact.first(x, p) == pytest.approx(plain.first(x, p), abs=1e-12)
    u, v = rng.normal(size=(2, 3, n + 1))
    pairs = [(exact.second(x, p, u, v), plain.second(x, p, u, v))]
    if name != "kac-rice":  # the third derivatives of a tilted law are many and take long to compile
        pairs.append((exact.third(x, p, v[:, :n]), plain.third(x, p, v[:, :n])))
    for a, b in pairs:
        assert (np.abs(a[0] - b[0]) <= a[1] + b[1]).all(), (a[0] - b[0], a[1], b[1])
        assert (b[1] < 1e-3 * (1 + np.abs(b[0]))).all()


def test_differences_on_the_edge_are_one_sided() -> None:
    """The hand-written rank-one problem takes the square root of its variance: there is nothing below 0."""
    problem = analytic_zoo.RankOne()
    kernel = mf.compile(models.by_name("rank1-stationary"))
    x, ours = np.array([0.3, 0.0]), np.array([0.8, 1.0, 1.2, 0.7])  # g, M_m, M_n, Sigma_m
    plain = FunctionProblem(
        problem.residual,
        lambda x, p: problem.residual_jacobian(x, p)[1],
        problem.names,
        problem.parameter_names,
        lower=problem.lower,
        parameter_derivative=lambda x, p: np.zeros((len(x), 2, 3)),
    )
    directions = np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    value, error = Differences(plain, 1).second(x, np.array([0.8, 1.2, 0.7]), directions, directions)
    exact, bound = derivatives(kernel, "M_n").second(x, ours, directions, directions)
    assert np.isfinite(value).all() and (np.abs(value - exact) <= error + bound).all()
    assert (error < 1e-4).all()


def test_a_large_problem_without_symbols() -> None:
    """The fold of a discretised Bratu problem, with 31 unknowns: the parameter turns back there."""
    problem = analytic_zoo.bratu(31)
    plain = FunctionProblem(
        problem.residual,
        lambda x, p: problem.residual_jacobian(x, p)[1],
        problem.names,
        problem.parameter_names,
        parameter_derivative=lambda x, p: np.exp(x)[:, :, None],
    )
    x, p = _bratu_fold(plain, 31)
    form = normal_form(plain, x, [p], "p")
    assert form.kind() == "fold" and form.side == -1
    at, parameter = form.predict(0.05)
    assert parameter[0] < p
    assert (
        np.abs(plain.residual(at[None], parameter[None])).max()
        < 0.02 * np.abs(plain.residual(x[None] + 0.05 * form.v, [[p]])).max()
    )


def _bratu_fold(problem: FunctionProblem, n: int) -> tuple[np.ndarray, float]:
    """Newton on F = 0, F_x v = 0, v . v = 1, by hand."""
    nodes = np.arange(1, n + 1) / (n + 1)
    x, p = 4.7 * nodes * (1 - nodes), 3.5
    v = np.sin(np.pi * nodes) / np.linalg.norm(np.sin(np.pi * nodes))
    for _ in range(30):
        r, j = problem.residual_jacobian(x[None], np.array([[p]]))
        a, e = j[0], np.exp(x)
        rhs = np.concatenate([r[0], a @ v, [v @ v - 1]])
        block = np.block(
            [
                [a, np.zeros((n, n)), e[:, None]],
                [np.diag(p * e * v), a, (e * v)[:, None]],
                [np.zeros((1, n)), 2 * v[None], np.zeros((1, 1))],
            ]
        )
        step = np.linalg.solve(block, rhs)
        x, v, p = x - step[:n], v - step[n:-1], p - step[-1]
    assert abs(p - 3.5138) < 0.01
    return x, float(p)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="no parameter 'q'"):
        normal_form(mf.compile(zoo.pitchfork()), [0.0], [0.0], "q")
    with pytest.raises(ValueError, match="null space is not a line"):
        null_vectors(np.diag([1.0, 1e-14, 0.0]))
    form = normal_form(mf.compile(zoo.quintic()), [0.0], [0.0, 0.0], "p")
    with pytest.raises(ValueError, match="not resolved"):
        form.predict(0.1)
