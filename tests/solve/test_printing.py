"""What solutions say of themselves at the prompt and in notebooks."""

from __future__ import annotations

from html import escape

import numpy as np
import pytest

import meanfield as mf
from meanfield.errors import ParameterError

SCS, STATIONARY = mf.models.by_name("scs"), mf.models.by_name("rank1-stationary")


def test_a_solution_says_how_well_it_is_known_and_of_what_kind_it_is() -> None:
    said = repr(mf.solve(STATIONARY, g=0.5, M_m=1, M_n=2))
    assert said.startswith("<Solution rank1-stationary: mu = 1.8619804642") and " ± " in said and said.endswith("physical, stable>")


def test_where_nothing_was_found_the_reason_is_said() -> None:
    none = mf.solve(SCS, g=0.5)
    assert "x = 0 is the only state" in repr(none)
    assert none._repr_html_() == mf.solve(SCS, g=0.5, find="all")._repr_html_() == f"<p>{escape(none.why[0])}</p>"


def test_a_grid_is_told_in_a_line() -> None:
    grid = mf.solve(SCS, g=np.array([0.5, 2.0, 3.0]))
    assert "Delta_0 at 2 of 3 points, largest claimed error " in repr(grid)
    assert grid._repr_html_() is None and mf.solve(SCS, g=np.array([2.0]), find="all")._repr_html_() is None


def test_notebooks_show_a_table_with_errors_labels_and_status() -> None:
    shown = mf.solve(STATIONARY, g=0.5, M_m=1, M_n=2, find="all")._repr_html_()
    assert shown is not None and shown.count("<tr>") == 4 and "<th>Delta_0</th>" in shown
    assert shown.count("physical, stable</td>") == 2 and shown.count("physical, unstable</td>") == 1 and "converged" in shown


def test_a_folder_that_does_not_exist_is_told(tmp_path) -> None:
    with pytest.raises(ParameterError, match="the folder .*nowhere does not exist; make it first"):
        mf.solve(SCS, g=2).to_netcdf(tmp_path / "nowhere" / "a.nc")
