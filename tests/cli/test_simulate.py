"""meanfield simulate: document, table, file, going on, and what is refused."""

import json

import pytest

import meanfield as mf

SMALL = ("--neurons", 40, "--time", 10, "--transient", 5)


def test_the_document_and_a_file_to_go_on_with(command, tmp_path):
    path = tmp_path / "x.nc"
    asked = ("simulate", "scs", "-p", "g=2", *SMALL, "--lags", "1,2", "--lyapunov", "--json")
    code, whole, err = command(*asked, "--networks", 3)
    assert code == 0 and "3 networks, one after the other, 0 MB for each" in err
    code, _, _ = command(*asked, "--networks", 2, "--out", path)
    assert code == 0
    code, resumed, _ = command(*asked, "--networks", 3, "--out", path, "--resume")
    assert code == 0 and json.loads(resumed) == json.loads(whole)
    document = json.loads(whole)
    assert list(document) == ["model", "parameters", "settings", "networks", "finished", "counts", "quantities"]
    assert document["parameters"] == {"g": 2.0, "sigma_squared": 0.0} and document["finished"] == [0, 1, 2]
    assert {"Delta_0", "Delta_inf", "Delta(1)", "lambda_max", "bulk_radius"} <= set(document["quantities"])
    assert len(document["quantities"]["Delta_0"]["networks"]) == 3
    assert len(mf.store.load(path)["network"]) == 3


def test_an_interrupt_keeps_what_is_finished(command, tmp_path, monkeypatch):
    path = tmp_path / "x.nc"
    from meanfield.simulate import run

    whole = run.run_network

    def second_fails(numbers, settings, index, progress=None):
        if index == 1:
            raise KeyboardInterrupt
        return whole(numbers, settings, index, progress)

    monkeypatch.setattr(run, "run_network", second_fails)
    code, out, err = command("simulate", "scs", "-p", "g=2", *SMALL, "--networks", 3, "--out", path)
    assert code == 130 and "interrupted; 1 of 3 networks kept" in err and "1 network of 40 neurons" in out
    assert mf.store.load(path)["network"].values.tolist() == [0]


def test_states_are_told_and_mirrored_ones_are_folded(command):
    code, out, _ = command("simulate", "rank1-stationary", "-p", "g=0.5", "-p", "M_m=1", "-p", "M_n=3", *SMALL, "--networks", 4)
    assert code == 0
    assert "at rest" in out or "fluctuating" in out
    kappa = next(line for line in out.splitlines() if line.startswith("kappa"))
    assert float(kappa.split()[1]) > 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-p", "g=2", "--resume"), "give --out FILE.nc"),
        (("-p", "g=1:2:3"), "must have one value here"),
        (("-p", "g=2", "--neurons", 1000000), "more than the limit"),
        (("-p", "g=2", "--precision", "float16"), "precision must be"),
        (("-p", "h=2"), "no parameter 'h'"),
        (("-p", "g=2", "--out", "x.txt"), "expected a file name that ends in .nc"),
    ],
)
def test_what_is_refused(command, words, said):
    code, out, err = command("simulate", "scs", *words)
    assert (code, out) == (2, "") and said in err.replace("\n", " ")


def test_a_model_file_with_a_network_works_and_one_without_says_what_is_missing(command, tmp_path):
    text = """
import meanfield as mf

g = mf.parameter("g", nonnegative=True)
Delta = mf.unknown("Delta_0", nonnegative=True)
x = mf.gaussian("x", var=Delta)
phi = mf.transfer.tanh
plain = mf.Model("plain", equations={Delta: g**2 * mf.E(phi(x) ** 2) + 1})
model = plain.changed(network=mf.network(phi, strength=g, covariances={("I", "I"): 1}))
"""
    path = tmp_path / "own.py"
    path.write_text(text)
    code, out, _ = command("simulate", f"{path}:model", "-p", "g=0.5", *SMALL, "--networks", 2)
    assert code == 0 and "Delta_0" in out
    code, _, err = command("simulate", f"{path}:plain", "-p", "g=0.5", *SMALL)
    assert code == 2 and "mf.network(phi, strength=g" in err
