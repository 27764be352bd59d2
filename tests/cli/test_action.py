"""The action of data on the command line: the gradient at every neuron, and what is refused."""

import json
import re

import numpy as np
import pytest

import meanfield as mf
from meanfield import store


@pytest.fixture
def data(tmp_path):
    x = np.random.default_rng(0).standard_normal(9)
    np.save(tmp_path / "x.npy", x)
    return tmp_path / "x.npy", x


def test_the_gradient_is_a_list_in_json_and_a_dimension_in_a_file(command, data, tmp_path):
    path, x = data
    gradient = mf.solve(mf.models.by_name("kac-rice-action"), g=2, data=x)["gradient"]
    out = tmp_path / "s.nc"
    argv = ["solve", "kac-rice-action", "-p", "g=2", "--data", path, "--observables", "action,gradient"]
    code, text, err = command(*argv, "--json", "--out", out)
    solution = json.loads(text)["solutions"][0]
    assert (code, err) == (0, "")
    assert solution["observables"]["gradient"] == gradient.tolist() and len(solution["error"]["gradient"]) == 9
    np.testing.assert_array_equal(store.load(out)["gradient"].squeeze(), gradient)
    _, table, _ = command(*argv)
    assert "… (9 numbers: all of them with --json or --out)" in table


def test_a_sweep_shows_the_observables_asked_for(command, data):
    code, out, _ = command("solve", "kac-rice-action", "-p", "g=1:2:2", "--data", data[0], "--observables", "action,q")
    assert code == 0 and out.splitlines()[3].split() == ["g", "z_star", "action", "q", "state"]


def test_data_without_activity_have_no_action(command, tmp_path):
    np.save(tmp_path / "zero.npy", np.zeros(4))
    code, out, err = command("solve", "kac-rice-action", "-p", "g=2", "--data", tmp_path / "zero.npy")
    assert code == 3 and out == "" and "kappa + D > 0" in err and err.count("\n") == 1


def test_what_is_no_number_is_explained(command):
    code, out, _ = command("solve", "rank1-stationary", "-p", "g=0.5", "-p", "M_m=1", "-p", "M_n=0.5", "--transfer", "relu")
    assert code == 0 and re.search("outlier +–", out) and "–: no number at this state" in out and "(physical)" in out


def test_show_tells_that_there_is_a_gradient(command):
    assert "on request (state[name], --observables): gradient (of every neuron)" in command("show", "kac-rice-action")[1]
