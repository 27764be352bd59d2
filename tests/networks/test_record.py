"""The Network as data: what it is made of, how it follows its model, and its numbers at a parameter point."""

import pickle

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.conditions.fix_parameters import fix_parameters
from meanfield.errors import ModelError, ParameterError
from meanfield.networks import Network, Population, bind, bind_model

g, M, S = mf.parameters("g M S", nonnegative="g S")


@pytest.mark.parametrize("name", mf.models.names())
def test_every_library_model_has_a_network_in_its_own_transfer_function(name: str) -> None:
    model = mf.models.by_name(name)
    assert model.network.populations[0].transfer == mf.transfer.tanh
    erf = model.with_transfer(mf.transfer.erf)
    assert erf.network.populations[0].transfer == mf.transfer.erf
    assert pickle.loads(pickle.dumps(erf.network)) == erf.network


def test_a_parameter_that_is_fixed_in_the_model_is_fixed_in_its_network() -> None:
    fixed = fix_parameters(mf.models.by_name("scs"), {"g": 2})
    assert bind_model(fixed, sigma_squared=0.5).variances.tolist() == [[4.0]]


def test_parameters_go_the_way_they_go_in_solve() -> None:
    model = mf.models.by_name("rank1-input-chaotic")
    numbers = bind_model(model, g=2, M_m=1, M_n=3, Sigma_m=2, Sigma_n=0.5, Sigma_mI=0.4, Sigma_nI=0.1, Sigma_perp=1)
    means, cov = numbers.law()
    assert means == {"m": 1.0, "n": 3.0, "I": 0.0}
    assert cov[("I", "I")] == pytest.approx(0.4**2 / 4 + 0.1**2 / 0.25 + 1)
    assert (cov[("m", "I")], cov[("I", "n")], cov[("n", "n")], cov[("m", "n")]) == (0.4, 0.1, 0.25, 0.0)


def test_what_the_equations_do_not_need_has_a_default_that_some_network_can_have() -> None:
    model = mf.models.by_name("rank1-input-chaotic")
    numbers = bind_model(model, g=2, M_m=1, M_n=1, Sigma_m=1, Sigma_mI=0.5, Sigma_nI=0.3, Sigma_I_squared=0.6)
    assert np.linalg.eigvalsh(numbers.populations[0].covariance)[0] > 0
    assert numbers.parameters["Sigma_n"] > 0
    assert bind_model(mf.models.by_name("rank1-stationary"), g=2, M_m=1, M_n=1, Sigma_n=2).law()[1][("n", "n")] == 4.0


def test_impossible_numbers_are_refused() -> None:
    impossible = mf.network(mf.transfer.tanh, low_rank=[("m", "n")], covariances={("m", "n"): S})
    with pytest.raises(ParameterError, match="no Gaussian vectors have the covariance"):
        bind(impossible, {"S": 1})
    with pytest.raises(ParameterError, match="give g"):
        bind(mf.network(mf.transfer.tanh, strength=g), {})
    with pytest.raises(ParameterError, match="sigma_squared"):
        bind(mf.network(mf.transfer.tanh, sigma_squared=S), {"S": -1})
    with pytest.raises(ParameterError, match="no parameter 'Sigma_nn'; did you mean 'Sigma_n'"):
        bind_model(mf.models.by_name("rank1-stationary"), g=2, M_m=1, M_n=1, Sigma_nn=2)


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match="no vector 'k'"):
        mf.network(mf.transfer.tanh, low_rank=[("m", "n")], means={"k": 1})
    with pytest.raises(ModelError, match="given twice"):
        mf.network(mf.transfer.tanh, low_rank=[("m", "n")], covariances={("m", "n"): 1, ("n", "m"): 2})
    with pytest.raises(ModelError, match=r"shape \(2, 2\), got \(1, 1\)"):
        Network((Population(mf.transfer.tanh), Population(mf.transfer.tanh)), sp.Matrix([[1]]), sp.Matrix([[0]]))
    with pytest.raises(ModelError, match="needs a transfer function"):
        mf.network(sp.tanh)
    with pytest.raises(ModelError, match="names of their own"):
        mf.network(mf.transfer.tanh, low_rank=[("m", "I")])


def test_a_model_without_a_network_says_how_to_give_one() -> None:
    x = mf.gaussian("x", var=S)
    plain = mf.Model("plain", unknowns=[S], equations={S: g**2 * mf.E(mf.transfer.tanh(x) ** 2)})
    with pytest.raises(ModelError, match=r"network=mf.network\("):
        bind_model(plain, g=2)


def test_populations_have_fractions_that_sum_to_one() -> None:
    two = [Population(mf.transfer.tanh, "E", M), Population(mf.transfer.relu, "I", 1 - M)]
    net = Network(two, [[g**2, 1], [1, g**2]], [[1, -2], [1, -2]])
    assert bind(net, {"M": 0.8, "g": 2}).couplings.tolist() == [[1, -2], [1, -2]]
    with pytest.raises(ParameterError, match="sum to 1"):
        bind(net, {"M": 1.5, "g": 2})
