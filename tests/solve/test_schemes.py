"""A quadrature scheme of the user's: its solutions are those of the scheme, and its claims cover what it misses."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest

import meanfield as mf
from meanfield.errors import ParameterError, QuadratureError


def hermite(count: int) -> SimpleNamespace:
    """quadpy's e1r2.gauss_hermite(count), as an object of the same interface."""
    points, weights = np.polynomial.hermite.hermgauss(count)
    return SimpleNamespace(points=points, weights=weights, degree=2 * count - 1)


@pytest.mark.parametrize("count", [12, 50, 120])
@pytest.mark.parametrize(
    ("name", "parameters"),
    [("scs", {"g": 2}), ("rank1-stationary", {"g": 1.5, "M_m": 1, "M_n": 2, "Sigma_m": 1}), ("kac-rice", {"g": 2})],
)
def test_claims_cover_what_a_fixed_scheme_misses(name: str, parameters: dict[str, float], count: int) -> None:
    model = mf.models.by_name(name)
    exact = mf.solve(model, digits=20, **parameters)
    rough = mf.solve(model, scheme=hermite(count), **parameters)
    for quantity in [*rough.unknowns, *list(rough.observables)[:4]]:
        assert abs(rough[quantity] - exact[quantity]) <= rough.error[quantity], quantity
    if count < 100:  # it is the scheme that is used, not the library's rules
        assert rough.error[next(iter(rough.unknowns))] > 1e-7
        assert str(rough.status) == "converged, but the claimed error is above the tolerance"


def test_correlated_pairs_keep_the_librarys_rules() -> None:
    model, parameters = mf.models.by_name("rank1-chaotic"), {"g": 2.1, "M_m": 1, "M_n": 2.5, "Sigma_m": 1}
    exact, rough = mf.solve(model, **parameters), mf.solve(model, scheme=hermite(50), **parameters)
    for name in ("mu", "Delta_0", "Delta_inf", "kappa"):
        assert 0 < abs(rough[name] - exact[name]) <= rough.error[name] < 1e-2


def test_a_kernel_with_a_scheme() -> None:
    """<tanh^2> by three nodes is what three nodes give."""
    Delta = mf.unknown("Delta", nonnegative=True)
    x = mf.gaussian("x", var=Delta)
    model = mf.Model("one average", equations={Delta: mf.average(mf.transfer.tanh(x) ** 2) + 1})
    kernel = mf.compile(model, scheme=hermite(3))
    at = np.sqrt(2.0) * np.sqrt(3 / 2)
    by_hand = 2 - 1 - 2 * np.tanh(np.sqrt(2.0) * at) ** 2 / 6
    assert kernel.residual(np.array([[2.0]]), np.zeros((1, 0)))[0, 0] == pytest.approx(by_hand, rel=1e-14)


def test_phases_that_join_have_the_scheme_too() -> None:
    one = mf.solve(mf.models.by_name("kac-rice"), scheme=hermite(20), g=2, D=3)
    assert one["alpha"] == 0 and one.error["beta"] > 1e-7
    assert pickle.loads(pickle.dumps(one.kernel.model)).scheme.nodes.shape == (20,)


def test_what_is_no_scheme_is_refused() -> None:
    scs = mf.models.by_name("scs")
    with pytest.raises(QuadratureError, match="points and weights; str lacks points and weights"):
        mf.solve(scs, g=2, scheme="gauss")
    with pytest.raises(ParameterError, match="a scheme has double precision"):
        mf.solve(scs, g=2, scheme=hermite(9), digits=20)
    with pytest.raises(QuadratureError, match="averages over data x"):
        mf.solve(mf.models.by_name("kac-rice-action"), g=2, data=np.ones(3), scheme=hermite(9))
