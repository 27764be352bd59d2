"""Every misprinted equation of the sources, put back into a model, is caught by `verify`."""

import importlib.util
import sys
from pathlib import Path

import pytest

import meanfield as mf
from meanfield.errors import NoSolution
from meanfield.simulate.verification import Verdict, verify
from tests.simulate.verification.misprints import MISPRINTED

LIBRARY = {"SL, saddle point": "kac-rice", "RN (7), Delta_0": "rank1-input-stationary"}


def test_none_is_forgotten(monkeypatch) -> None:
    folder = Path(__file__).parents[3] / "derivations"
    monkeypatch.syspath_prepend(str(folder))
    spec = importlib.util.spec_from_file_location("misprints_of_the_sources", folder / "08_misprints.py")
    listed = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, listed)
    spec.loader.exec_module(listed)
    assert [m.name for m in listed.MISPRINTS] == list(MISPRINTED)


@pytest.mark.parametrize("name", MISPRINTED)
def test_it_is_caught(name: str) -> None:
    """Either it has no state where the networks have one, or its state is not that of the networks."""
    case = MISPRINTED[name]
    try:
        result = verify(case.misprinted, **case.asked, **case.parameters)
    except NoSolution as error:
        assert "nothing to verify" in str(error)
    else:
        assert result.verdict is Verdict.FAIL


@pytest.mark.parametrize("name", MISPRINTED)
def test_as_derived_it_is_the_theory_that_passes(name: str) -> None:
    """Written in the same way, without the misprint, the equations have the library's state."""
    case = MISPRINTED[name]
    state = mf.solve(case.derived, **case.parameters)
    library = mf.solve(mf.models.by_name(LIBRARY.get(name, "rank1-input-chaotic")), **case.parameters)
    for unknown in library.kernel.model.public_unknowns:
        assert state[unknown.name] == pytest.approx(library[unknown.name], rel=1e-8)
