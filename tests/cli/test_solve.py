"""meanfield solve: documents, tables, exit codes, files."""

import json

import numpy as np
import pytest

import meanfield as mf
from meanfield import store
from meanfield.cli.files import atomically
from tests.fakes import solve_parabola

pytestmark = pytest.mark.usefixtures("library")


def test_json_is_the_documented_document(command):
    code, out, err = command("solve", "parabola", "-p", "a=4", "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert set(document) == {"model", "parameters", "solutions"}
    assert document["model"] == "parabola" and document["parameters"] == {"a": 4.0}
    first, second = document["solutions"]
    assert first == {
        "unknowns": {"x": 2.0},
        "error": {"x": 1e-15, "twice": 2e-15},
        "observables": {"twice": 4.0, "wave": [0.0, 2.0], "outliers": [[2.0, 1.0], [None, 0.0]]},
        "indicators": {"unity": 3.0},
        "residual": 1e-17,
        "status": "converged: the residual is below the tolerance",
        "physical": True,
        "stable": True,
    }
    assert second["unknowns"] == {"x": -2.0} and second["stable"] is False


def test_one_is_one(command):
    code, out, _ = command("solve", "parabola", "-p", "a=4", "--json", "--find", "one")
    assert code == 0 and len(json.loads(out)["solutions"]) == 1


@pytest.mark.parametrize("find", ["all", "one"])
def test_none_is_exit_code_3_and_says_why(command, find):
    code, out, err = command("solve", "parabola", "-p", "a=-1", "--find", find, "--json")
    assert code == 3
    assert json.loads(out) == {"model": "parabola", "parameters": {"a": -1.0}, "solutions": []}
    assert err == "meanfield: no solution: x^2 = a has no real root for a < 0\n"


@pytest.mark.parametrize("find", ["all", "one"])
def test_a_sweep_is_a_list_of_points(command, find):
    code, out, _ = command("solve", "parabola", "-p", "a=-1:1:3", "--json", "--find", find)
    document = json.loads(out)
    assert code == 0 and set(document) == {"model", "points"}
    assert [p["parameters"]["a"] for p in document["points"]] == [-1.0, 0.0, 1.0]
    assert [bool(p["solutions"]) for p in document["points"]] == [False, True, True]


def test_digits_make_strings(command):
    code, out, _ = command("solve", "parabola", "-p", "a=2", "--json", "--digits", "10")
    solution = json.loads(out)["solutions"][0]
    assert code == 0
    assert solution["unknowns"]["x"] == "1.414213562"
    assert solution["error"]["x"] == "1.0e-15"
    assert solution["observables"]["wave"] == ["0.0", "1.414213562"]


def test_the_table_for_people(command):
    code, out, err = command("solve", "parabola", "-p", "a=4")
    assert (code, err) == (0, "")
    assert "2 solutions" in out and "solution 2 of 2 (physical, unstable)" in out
    assert "2.000000000000000 ± 1.0e-15" in out or "2 ± 1.0e-15" in out
    assert "converged" in out and "outliers" in out


def test_the_table_of_a_sweep(command):
    _, out, _ = command("solve", "parabola", "-p", "a=-1:4:2")
    assert "2 solutions at 2 points" in out and "no solution" in out and "physical, stable" in out


def test_only_the_observables_asked_for(command):
    _, out, _ = command("solve", "parabola", "-p", "a=4", "--json", "--observables", "twice")
    assert json.loads(out)["solutions"][0]["observables"] == {"twice": 4.0}


def test_an_unknown_may_be_asked_for_as_an_observable(command):
    """As kappa, an observable of one model and an unknown of the next."""
    _, out, _ = command("solve", "parabola", "-p", "a=4", "--json", "--observables", "x,twice")
    state = json.loads(out)["solutions"][0]
    assert state["observables"] == {"x": state["unknowns"]["x"], "twice": 4.0}


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["solve", "parabol", "-p", "a=4"], "did you mean 'parabola'?"),
        (["solve", "parabola", "-p", "a=four"], "cannot read 'four'"),
        (["solve", "parabola", "-p", "a=4", "--find", "some"], "'all' or 'one'"),
        (["solve", "parabola", "-p", "a=4", "--tol", "0"], "must be positive"),
        (["solve", "parabola", "-p", "a=4", "--observables", "twic"], "did you mean 'twice'?"),
        (["solve", "parabola", "-p", "a=4", "--out", "x.csv"], "ends in .nc"),
        (["solve", "parabola", "-p", "a=4", "--out", "/nowhere/at/all/x.nc"], "No such directory"),
        (["solve", "parabola", "-p", "a=4", "--data", "nothing.npy"], "No such file"),
        (["solve", "parabola", "-p", "a=1:4:3", "--digits", "30"], "one parameter point"),
        (["solve"], "MODEL"),
        (["solve", "parabola", "--color"], "--color"),
        (["sove"], "sove"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(command, argv, says):
    code, out, err = command(*argv)
    assert code == 2 and out == ""
    assert says in err and err.startswith("meanfield: ") and err.count("\n") == 1


def test_only_arrays_of_numbers_are_data(command, tmp_path):
    for name, content in [("text.npy", b"hello"), ("cut.npy", b"\x93NUMPY\x01\x00v\x00{'descr'")]:
        (tmp_path / name).write_bytes(content)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "words.npy", np.array(["a"]))
    np.save(tmp_path / "nan.npy", np.array([np.nan, 1.0]))
    for name in ("text", "cut", "objects", "words", "nan"):
        code, _, err = command("solve", "parabola", "-p", "a=4", "--data", tmp_path / f"{name}.npy")
        assert code == 2 and f"{name}.npy" in err and err.count("\n") == 1


def test_out_saves_a_dataset(command, tmp_path):
    path = tmp_path / "sweep.nc"
    code, _, _ = command("solve", "parabola", "-p", "a=-1:4:6", "--out", path, "--json")
    data = store.load(path)
    assert code == 0
    assert np.allclose(data["x"].sel(solution=0), [np.nan, 0, 1, 2**0.5, 3**0.5, 2], equal_nan=True)
    assert data.attrs["model"] == "parabola" and data.attrs["tolerance"] == 1e-10
    assert [p.name for p in tmp_path.iterdir()] == ["sweep.nc"]


def test_an_interrupt_keeps_what_was_solved(command, tmp_path, monkeypatch):
    monkeypatch.setattr("meanfield.cli.solve._CHUNK", 2)
    calls = []

    def impatient(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return solve_parabola(*args, **kwargs)

    monkeypatch.setattr(mf, "solve", impatient)
    path = tmp_path / "part.nc"
    code, out, err = command("solve", "parabola", "-p", "a=1:9:9", "--json", "--out", path)
    assert code == 130 and err == "meanfield: interrupted; 4 of 9 points kept\n"
    assert len(json.loads(out)["points"]) == 4
    assert store.load(path)["number_of_solutions"].values.tolist() == [2, 2, 2, 2, 0, 0, 0, 0, 0]


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(RuntimeError), atomically(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "before" and [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_programming_error_is_not_hidden(command, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("bug")

    monkeypatch.setattr(mf, "solve", broken)
    with pytest.raises(RuntimeError, match="bug"):
        command("solve", "parabola", "-p", "a=4")
