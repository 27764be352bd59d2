"""meanfield diagram: files, summary, exit codes."""

from types import SimpleNamespace

import pytest

import meanfield as mf
from meanfield import store
from tests import fakes


@pytest.fixture(autouse=True)
def library(monkeypatch):
    known = {"cusp": fakes.cusp, "pitchfork": fakes.pitchfork}
    models = SimpleNamespace(names=lambda: list(known), by_name=lambda name: known[name]())
    monkeypatch.setattr(mf, "models", models, raising=False)


PLANE = ["--x", "a=-1.05:2", "--y", "b=-1:1:9", "--points", "12"]


def test_picture_data_and_summary(command, tmp_path):
    files = [tmp_path / name for name in ("d.nc", "d.png", "d.svg")]
    code, out, err = command("diagram", "cusp", *PLANE, "--out", files[0], "--plot", files[1], "--plot", files[2])
    assert code == 0 and len(out.splitlines()) == 5
    assert err == ""
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert store.load(files[0]).attrs["summary"] == out.rstrip("\n")


def test_several_models(command):
    code, out, _ = command("diagram", "cusp", "pitchfork", *PLANE)
    assert code == 0 and "cusp and pitchfork" in out


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["diagram", "cusp", "--x", "a=0:1"], "--y"),
        (["diagram", "cusp", "--x", "a=0:1", "--y", "a=0:1"], "two different"),
        (["diagram", "cusp", "--x", "a=0:1", "--y", "c=0:1"], "no parameter of cusp"),
        (["diagram", "cusp", "--x", "a=0", "--y", "b=0:1"], "NAME=FROM:TO"),
        (["diagram", "cusp", *PLANE, "-p", "c=0:1:2"], "must have one value"),
        (["diagram", "cusp", *PLANE, "--plot", "d.gif"], ".png or .svg or .pdf"),
        (["diagram", "cusp", *PLANE, "--tol", "0"], "--tol must be positive"),
        (["diagram", "cusp", *PLANE, "--ask", "lambda_max"], "no indicator 'lambda_max'"),
        (["diagram", "cups", *PLANE], "did you mean 'cusp'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(command, argv, says):
    code, out, err = command(*argv)
    assert code == 2 and out == "" and says in err and err.count("\n") == 1


def test_an_interrupt_is_exit_code_130_and_keeps_the_data(command, tmp_path, monkeypatch):
    import importlib

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("meanfield.solve"), "solve", stop)
    code, _, err = command("diagram", "cusp", *PLANE, "--out", tmp_path / "d.nc")
    assert code == 130 and "interrupted" in err and store.load(tmp_path / "d.nc").attrs["interrupted"] == 1


def test_an_interrupted_diagram_goes_on_from_its_file(command, tmp_path, monkeypatch):
    import importlib
    import json

    from meanfield.continuation.walk import Walk

    file = tmp_path / "d.nc"
    _, whole, _ = command("diagram", "cusp", *PLANE, "--json")
    advance, count = Walk.advance, []

    def stop(self):
        count.append(1)
        if len(count) == 30:  # while the fold is traced
            raise KeyboardInterrupt
        return advance(self)

    monkeypatch.setattr(Walk, "advance", stop)
    code, out, err = command("diagram", "cusp", *PLANE, "--json", "--out", file)
    part = json.loads(out)
    assert code == 130 and "--resume goes on" in err and err.count("\n") == 1
    assert part["interrupted"] is True and part["unsolved"] == 0 and part["curves"] == [] and part["certificate"] is None
    solve = importlib.import_module("meanfield.solve")
    monkeypatch.setattr(solve, "solve", None)  # the grid is not solved again
    for words, says in (
        (["pitchfork"], "equations are not those of pitchfork"),
        (["cusp", "--x", "a=-1:2"], "has --x a=-1.05:2:12; leave out --x"),
        (["cusp", "--y", "b=-1:1:8"], "has --y b=-1:1:9"),
        (["cusp", "--x", "b=-1.05:2"], "has --x a="),
        (["cusp", "-p", "c=1"], "was drawn with no c given, not 1"),
        (["cusp", "--tol", "1e-8"], "was drawn with --tol 1e-10"),
        (["cusp", "--points", "7"], "has 12 x 9 points; leave out --points 7"),
    ):
        code, out, err = command("diagram", *words, "--resume", file)
        assert code == 2 and out == "" and says in err and err.count("\n") == 1
    code, out, err = command("diagram", "cusp", *PLANE, "--json", "--resume", file)
    assert code == 0 and out == whole and err == ""
    code, out, _ = command("diagram", "cusp", "--resume", file, "--json", "--plot", tmp_path / "d.png")
    assert code == 0 and out == whole and store.load(file).attrs["interrupted"] == 0 and (tmp_path / "d.png").exists()


def test_zeros_of_what_is_computed_on_request_are_drawn_and_resumed(command, tmp_path, monkeypatch):
    import json

    def asking():
        model = fakes.cusp()
        return model.changed(on_request={"half": model.unknowns[0] - 0.5})

    monkeypatch.setattr(mf.models, "by_name", lambda name: asking())
    code, out, _ = command("diagram", "cusp", *PLANE, "--ask", "half", "--json", "--out", tmp_path / "d.nc")
    found = json.loads(out)
    assert code == 0 and {c["condition"] for c in found["curves"]} == {"fold", "half"}
    (line,) = (c for c in found["curves"] if c["condition"] == "half")
    # x = 1/2 solves b + a x - x^3 = 0 on a line.
    assert all(abs(b + a / 2 - 1 / 8) < 1e-12 for a, b in line["points"])
    code, again, _ = command("diagram", "cusp", "--resume", tmp_path / "d.nc", "--json")
    assert code == 0 and again == out
    code, out, _ = command("diagram", "cusp", *PLANE, "--json")
    assert {c["condition"] for c in json.loads(out)["curves"]} == {"fold"}


def test_json_is_one_document(command):
    import json

    code, out, _ = command("diagram", "cusp", *PLANE, "--json")
    document = json.loads(out)
    assert code == 0
    assert set(document) == {
        *("models", "parameters", "plane", "interrupted", "unsolved", "curves", "points", "regions", "certificate")
    }
    assert document["interrupted"] is False and document["unsolved"] == 0
    assert document["models"] == ["cusp"] and document["plane"] == {"x": "a", "y": "b"}
    (fold,) = document["curves"]
    assert fold["condition"] == "fold" and fold["n_points"] == len(fold["points"]) and fold["error"] < 1e-12
    assert all(abs(27 * b**2 - 4 * a**3) < 1e-10 for a, b in fold["points"])
    (cusp,) = document["points"]
    assert cusp["type"] == "cusp" and all(abs(cusp["at"][name]) <= cusp["error"][name] < 1e-6 for name in "ab")
    assert document["certificate"]["unexplained"] == 0 < document["certificate"]["differing"]
    # The wedge between the folds: b from -1 to 1 and a from 3 |b / 2|^(2/3) to 2.
    two = next(r for r in document["regions"] if r["label"] == "cusp (2 states)")
    assert abs(two["area"] - (4 - 2 * 3 / 2 ** (2 / 3) * 3 / 5)) < 0.03
    assert {s["model"] for s in two["states"]} == {"cusp"} and sum(s["count"] for s in two["states"]) == 3
