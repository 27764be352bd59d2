"""meanfield continue: document, table, files, exit codes."""

import importlib
import json
from types import SimpleNamespace

import numpy as np
import pytest

import meanfield as mf
from meanfield import store
from tests import continuation_models


@pytest.fixture(autouse=True)
def library(monkeypatch):
    known = {"pitchfork": continuation_models.pitchfork, "snake": continuation_models.snake}
    models = SimpleNamespace(names=lambda: list(known), by_name=lambda name: known[name]())
    monkeypatch.setattr(mf, "models", models, raising=False)


def events(document, kind):
    return [e for b in document["branches"] for e in b["events"] if e["type"] == kind]


def test_the_document(command):
    code, out, _ = command("continue", "snake", "-p", "h=0", "--along", "r=-2:2", "--json")
    document = json.loads(out)
    assert code == 0
    assert {k: document[k] for k in ("model", "parameters", "along")} == {
        "model": "snake",
        "parameters": {"h": 0.0},
        "along": {"name": "r", "from": -2.0, "to": 2.0},
    }
    (branch,) = document["branches"]
    assert branch["id"] == 0 and branch["n_points"] > 10 and "window" in branch["status"]
    assert [e["type"] for e in branch["events"]] == ["window", "fold", "fold", "window"]
    low, high = sorted(events(document, "fold"), key=lambda e: e["at"]["r"])
    for fold, at, x in ((low, -2 / 3, 1.0), (high, 2 / 3, -1.0)):
        assert set(fold) == {"type", "name", "at", "unknowns", "error", "stable_before", "stable_after"}
        assert abs(fold["at"]["r"] - at) <= fold["error"]["r"] < 1e-12
        assert abs(fold["unknowns"]["x"] - x) <= fold["error"]["x"] < 1e-9
        assert {fold["stable_before"], fold["stable_after"]} == {True, False}


def test_switching_and_symmetric_partners(command):
    words = ["continue", "pitchfork", "--along", "r=-1:1", "--find", "one", "--json"]
    code, out, _ = command(*words)
    (trunk,) = json.loads(out)["branches"]
    assert code == 0 and [e["type"] for e in trunk["events"]] == ["window", "pitchfork", "indicator", "window"]
    fork, unity = trunk["events"][1], trunk["events"][2]
    assert fork["name"] == "supercritical pitchfork" and (fork["stable_before"], fork["stable_after"]) == (True, False)
    assert unity["name"] == "unity" and abs(unity["at"]["r"] - 0.5) <= unity["error"]["r"] + 1e-15
    code, out, _ = command(*words, "--switch")
    document = json.loads(out)
    assert code == 0 and [b["partner"] for b in document["branches"]] == [None, None, 1]
    ends = [b["events"][-1]["unknowns"]["x"] for b in document["branches"][1:]]
    assert sorted(np.round(ends, 12)) == [-1.0, 1.0]


def test_the_direction_is_from_from_to_to(command):
    _, out, _ = command("continue", "pitchfork", "--along", "r=1:-1", "--find", "one", "--json")
    (branch,) = json.loads(out)["branches"]
    places = [e["at"]["r"] for e in branch["events"]]
    assert places == sorted(places, reverse=True) and places[0] == 1.0


def test_the_table(command):
    code, out, err = command("continue", "pitchfork", "--along", "r=-1:1", "--switch")
    assert code == 0 and "3 branches" in out
    assert "supercritical pitchfork" in out and "stable, then unstable" in out and "±" in out
    assert "the symmetric image of branch" in out
    assert err == ""  # progress is for terminals; in a file it is a line now and then


def test_files(command, tmp_path):
    files = [tmp_path / name for name in ("b.nc", "b.png", "b.svg", "b.pdf")]
    options = [word for f in files[1:] for word in ("--plot", f)]
    code, out, _ = command("continue", "pitchfork", "--along", "r=-1:1", "--switch", "--json", "--out", files[0], *options)
    assert code == 0 and sorted(tmp_path.iterdir()) == sorted(files)
    back = store.load_branches(files[0], continuation_models.pitchfork())
    assert [len(b) for b in back] == [b["n_points"] for b in json.loads(out)["branches"]]


def test_no_solution_is_exit_code_3_and_a_sentence(command, tmp_path):
    words = ["continue", "pitchfork", "--along", "r=2:3", "--json", "--out", tmp_path / "b.nc"]
    nothing = continuation_models.pitchfork().changed(accept={"r is below 1": 1 - continuation_models.r})
    mf.models.by_name = lambda name: nothing
    code, out, err = command(*words)
    assert code == 3 and json.loads(out)["branches"] == [] and not list(tmp_path.iterdir())
    assert err.splitlines()[-1].startswith("meanfield: no solution at any of 9 values of r")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["continue", "snake"], "--along"),
        (["continue", "snake", "--along", "r"], "NAME=FROM:TO"),
        (["continue", "snake", "--along", "r=1"], "NAME=FROM:TO"),
        (["continue", "snake", "--along", "r=0:1:5"], "NAME=FROM:TO"),
        (["continue", "snake", "--along", "r=1:1"], "leads nowhere"),
        (["continue", "snake", "--along", "r=a:1"], "cannot read 'a'"),
        (["continue", "snake", "--along", "q=0:1"], "no parameter 'q'"),
        (["continue", "snake", "--along", "r=0:1", "-p", "r=1"], "cannot also have a fixed value"),
        (["continue", "snake", "--along", "r=0:1", "-p", "h=0:1:3"], "must have one value"),
        (["continue", "snake", "--along", "r=0:1", "-p", "k=1"], "no parameter 'k'"),
        (["continue", "pitchfork", "--along", "r=0:1", "--find", "some"], "--find must be"),
        (["continue", "pitchfork", "--along", "r=0:1", "--tol", "0"], "--tol must be positive"),
        (["continue", "pitchfork", "--along", "r=0:1", "--plot", "b.gif"], ".png or .svg or .pdf"),
        (["continue", "pitchfork", "--along", "r=0:1", "--out", "b.txt"], "ends in .nc"),
        (["continue", "pitchfork", "--along", "r=0:1", "--quantity", "squares"], "'square'"),
        (["continue", "pitchfrok", "--along", "r=0:1"], "did you mean 'pitchfork'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(command, argv, says):
    code, out, err = command(*argv)
    lines = [line for line in err.splitlines() if line.startswith("meanfield:")]
    assert code == 2 and out == "" and len(lines) == 1 and says in lines[0] and "Traceback" not in err


@pytest.fixture
def interrupt(monkeypatch):
    """Interrupt the n-th step of a walk, once."""
    walk = importlib.import_module("meanfield.continuation.walk")
    whole, count = walk.Walk.advance, [0]

    def at(n):
        count[0] = -n

    def advance(self):
        count[0] += 1
        if count[0] == 0:
            raise KeyboardInterrupt
        return whole(self)

    monkeypatch.setattr(walk.Walk, "advance", advance)
    return at


def test_an_interrupt_is_exit_code_130_and_the_file_goes_on(command, tmp_path, interrupt):
    file = tmp_path / "b.nc"
    words = ["continue", "snake", "--along", "r=-2:2", "--json"]
    _, out, _ = command(*words)
    whole = json.loads(out)
    interrupt(12)
    code, out, err = command(*words, "--out", file)
    assert code == 130 and "interrupted" in err and "Traceback" not in err
    branches = json.loads(out)["branches"]
    assert 1 <= len(branches) <= 3 and all("interrupted" in branch["status"] for branch in branches)
    code, out, err = command("continue", "snake", "--resume", file, "--json")
    assert code == 0 and err == ""
    again = json.loads(out)
    assert {**again, "branches": []} == {**whole, "branches": []}
    assert len(again["branches"]) == 1
    told = [[(e["type"], round(e["at"]["r"], 9)) for e in d["branches"][0]["events"]] for d in (whole, again)]
    assert told[0] == told[1]
    assert not store.load_branches(file, continuation_models.snake()).interrupted
    code, out, _ = command("continue", "snake", "--resume", file, "--json", "--along", "r=-3:4", "--out", tmp_path / "c.nc")
    assert code == 0 and json.loads(out)["along"]["to"] == 4.0 and (tmp_path / "c.nc").exists()


def test_zeros_of_what_is_computed_on_request_are_events_and_go_on(command, tmp_path, monkeypatch):
    monkeypatch.setattr(mf, "models", importlib.import_module("meanfield.models"))
    file = tmp_path / "b.nc"
    words = ["continue", "scs", "-p", "sigma_squared=0.1", "--json"]
    code, out, _ = command(*words, "--along", "g=1.1:1.3", "--ask", "lambda_max", "--out", file)
    assert code == 0 and "lambda_max" not in out  # the zero lies further on
    code, out, _ = command(*words, "--along", "g=1.1:1.6", "--resume", file)
    found = {e["name"]: e["at"]["g"] for e in json.loads(out)["branches"][0]["events"]}
    assert code == 0 and abs(found["lambda_max"] - found["onset_of_chaos"]) < 1e-11
    code, _, err = command(*words, "--along", "g=1.1:1.6", "--ask", "lambda_min")
    assert code == 2 and "did you mean 'lambda_max'" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-p", "h=1"], "were followed with h = 0, not 1"),
        (["--along", "h=0:1"], "were followed along r, not h"),
        (["--along", "r=0:1"], "give a window in the same direction"),
        (["--find", "one"], "were found with --find all"),
    ],
)
def test_a_resumed_file_is_not_contradicted(command, tmp_path, words, says):
    file = tmp_path / "b.nc"
    command("continue", "snake", "-p", "h=0", "--along", "r=1:2", "--out", file)
    code, out, err = command("continue", "snake", "--resume", file, *words)
    assert code == 2 and out == "" and says in err and "Traceback" not in err


def test_only_files_of_branches_are_resumed(command, tmp_path):
    (tmp_path / "text.nc").write_text("nothing")
    for model, file, says in (("snake", "text.nc", "not a netCDF file"), ("snake", "none.nc", "No such file")):
        code, _, err = command("continue", model, "--resume", tmp_path / file)
        assert code == 2 and says in err
