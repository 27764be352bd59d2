"""Every state of the reference file is found, from no start given by hand, to its accuracy and within the claimed error."""

import numpy as np
import pytest

import meanfield as mf
from tests import zoo

_WELL_CONDITIONED = 1e5


@pytest.mark.parametrize("case", zoo.cases(), ids=lambda c: c.id)
def test_state_is_found(case: zoo.Case) -> None:
    found = mf.solve(case.build(), find="all", **case.parameters)
    assert len(found), found.why
    state = min(found, key=lambda s: max(abs(s[name] - value) for name, value in case.expected.items()))
    for name, value in case.expected.items():
        deviation = abs(state[name] - value)
        assert deviation <= state.error[name] + case.error[name], f"{name}: {deviation} is more than was claimed"
        if state.condition < _WELL_CONDITIONED:
            assert deviation <= max(1e-9 * abs(value), case.error[name], 1e-12 if value == 0 else 0), name
    if case.stable is not None:
        assert state.stable == case.stable
    if case.outliers is not None:
        eigenvalues = np.sort_complex(np.ravel(state["outliers"]))
        claim = np.max(state.error["outliers"])
        assert (abs(eigenvalues - np.sort_complex(case.outliers)) <= claim + max(case.error.values())).all()
        assert claim < 1e-9
    if case.radial_cdf is not None:
        radii = np.array(list(case.radial_cdf))
        assert state.profile("radial_cdf", radii) == pytest.approx(list(case.radial_cdf.values()), abs=1e-10)
