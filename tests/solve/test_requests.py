"""Transfer functions and starts as users give them."""

import numpy as np
import pytest
import sympy as sp

import meanfield as mf
from meanfield.errors import ParameterError, TransferError
from meanfield.solve.request import starts_from, transfer_from

MODEL = mf.models.by_name("rank1-stationary")
AT = {"g": 0.5, "M_m": 1.1, "M_n": 2.0, "Sigma_m": 1.0}


@pytest.mark.parametrize("given", [np.tanh, lambda x: x, 3])
def test_a_function_of_numbers_is_no_transfer_function(given: object) -> None:
    with pytest.raises(TransferError, match=r"mf.transfer.custom\('mine'"):
        mf.solve(MODEL, transfer=given, **AT)


def test_transfer_functions_by_name_and_in_a_table() -> None:
    assert transfer_from("erf") is mf.transfer.erf
    assert transfer_from({mf.transfer.tanh: "erf"}) == {mf.transfer.tanh: mf.transfer.erf}


def test_starts_in_their_forms() -> None:
    wanted = np.array([[1.0, 2.0]])
    for form in ([1, 2], [[1, 2]], {"mu": 1, "Delta_0": 2}, [{"Delta_0": 2, MODEL.unknowns[0]: 1}]):
        assert np.array_equal(starts_from(MODEL, form), wanted)
    assert mf.solve(MODEL, starts={"mu": 1, "Delta_0": 2}, **AT).found


@pytest.mark.parametrize(
    ("starts", "said"),
    [
        ([1, 2, 3], r"got an array of shape \(3,\)"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
        ([], r"shape \(0,\)"),
        (3, r"shape \(\)"),
        ("abc", "got 'abc'"),
        ([[1, 2], [3]], "got"),
        ([[0, 1], [np.nan, 1]], "start 1 has mu = nan"),
        ({"mu": 1}, "leaves out 'Delta_0'"),
        ({"mu": 1, "Delta": 2}, "did you mean 'Delta_0'"),
        ({sp.Symbol("nu"): 1}, "names 'nu'"),
    ],
)
def test_other_starts_are_refused(starts: object, said: str) -> None:
    with pytest.raises(ParameterError, match=said) as refused:
        mf.solve(MODEL, starts=starts, **AT)
    assert "(S, 2) of the unknowns in the order mu, Delta_0" in str(refused.value)
