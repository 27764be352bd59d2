"""meanfield verify: document, table, picture, exit codes."""

import json
from inspect import signature

import pytest

import meanfield as mf
from meanfield.cli.verify import verify
from meanfield.simulate.verification import Comparison, Verification, driver
from meanfield.simulate.verification.fit import extrapolated

FAST = ("--neurons", "40,60,80", "--networks", 4)
AT = ("-p", "g=0.5", "-p", "M_m=0", "-p", "M_n=0", "-p", "Sigma_I_squared=0.5")


def test_the_document(command, tmp_path):
    code, out, _ = command("verify", "rank1-input-stationary", *AT, *FAST, "--plot", tmp_path / "v.png", "--json")
    document = json.loads(out)
    keys = ["model", "parameters", "verdict", "why", "note", "state", "other_states", "settings", "sizes", "quantities", "skipped"]
    assert list(document) == keys
    assert (document["verdict"], code) in (("pass", 0), ("inconclusive", 4))
    assert [size["neurons"] for size in document["sizes"]] == [40, 60, 80]
    assert [size["networks"] for size in document["sizes"]] == [8, 6, 4]
    variance = next(q for q in document["quantities"] if q["name"] == "Delta_0")
    assert abs(variance["z"]) < 4 and abs(variance["networks"] - variance["theory"]) < 0.1
    assert len(variance["sizes"]) == 3
    assert (tmp_path / "v.png").stat().st_size > 10_000


def test_the_help_tells_the_defaults_of_every_kind_of_verification():
    told = {name: signature(verify).parameters[name].default.help for name in ("neurons", "networks")}
    for sizes, networks in (driver._RUNNING, driver._COUNTING, driver._PLANTED):
        assert ",".join(map(str, sizes)) in told["neurons"] and f" {networks}" in told["networks"]


@pytest.mark.parametrize(
    ("theory", "spread", "code", "word"), [(1.0, 0.1, 0, "pass"), (1.5, 0.1, 1, "fail"), (1.0, 30.0, 4, "inconclusive")]
)
def test_exit_codes(command, monkeypatch, theory, spread, code, word):
    def answer(model, **_):
        import numpy as np

        rng = np.random.default_rng(0)
        limit = extrapolated([10, 20, 40], [1 + spread * rng.standard_normal(8) / n**0.5 for n in (10, 20, 40)])
        one = Comparison("Delta_0", theory, 1e-12, limit, 0.0, 0.0, theory)
        return Verification(
            "scs", {"g": 2.0}, "a state", [], [10, 20, 40], [8] * 3, [8] * 3, [{"in the state": 8}] * 3, [one], [], {}
        )

    monkeypatch.setattr(mf, "verify", answer, raising=False)
    found, out, _ = command("verify", "scs", "-p", "g=2")
    verdict = out.rstrip().splitlines()[-1]
    assert found == code and verdict.startswith(word) and ("standard error of Delta_0" in verdict) == (word == "inconclusive")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-p", "g=0.5"), 3, "no solution"),
        (("-p", "g=2", "--neurons", "100,200"), 2, "at least three"),
        (("-p", "g=2", "--neurons", "100,200,x"), 2, "cannot read"),
        (("-p", "g=2", "--plot", "x.txt"), 2, ".png or .svg or .pdf"),
        (("-p", "g=2", "--state", 4), 2, "state must be from 0 to 0"),
    ],
)
def test_what_is_refused(command, words, code, said):
    found, out, err = command("verify", "scs", *words)
    assert (found, out) == (code, "") and said in err.replace("\n", " ")


def test_a_model_file_with_a_network_and_names_of_its_own(command, tmp_path):
    text = """
import meanfield as mf

mu, Delta = mf.unknown("mu"), mf.unknown("Delta_0", nonnegative=True)
g, J_0, b = mf.parameters("g J_0 b", nonnegative="g")
phi = mf.transfer.relu
x = mf.gaussian("x", mean=mu, var=Delta)
E = mf.average
bulk = g**2 * E(phi.d(1)(x) ** 2)
model = mf.Model(
    "threshold-linear",
    equations={mu: b + J_0 * E(phi(x)), Delta: g**2 * E(phi(x) ** 2)},
    observables={"rate": E(phi(x)), "bulk_radius_squared": bulk, "cube": E(phi(x) ** 3)},
    physical={"the bulk radius is at most 1": 1 - bulk},
    network=mf.network(phi, strength=g, coupling=J_0, means={"I": b}),
)
"""
    path = tmp_path / "own.py"
    path.write_text(text)
    code, out, _ = command("verify", f"{path}:model", "-p", "g=1", "-p", "J_0=-1", "-p", "b=1", *FAST, "--json")
    document = json.loads(out)
    assert code in (0, 4), document
    assert [q["name"] for q in document["quantities"]] == ["mu", "Delta_0", "rate", "bulk_radius_squared"]
    assert document["skipped"] == ["cube"]
    assert all(abs(q["z"]) < 4 for q in document["quantities"])


def test_fixed_points(command, tmp_path):
    names = ["complexity", "mean_square", "mean_square_phi", "fraction_near_zero"]
    names += ["bulk_radius", "fraction_outside", "fraction_unstable"]
    words = ("verify", "kac-rice", "-p", "g=2.5", "--neurons", "12,16,20", "--networks", 3, "--starts", 64, "--seed", 4)
    words += ("--no-guided", "--save", tmp_path / "kept", "--plot", tmp_path / "v.png", "--json")
    code, out, _ = command(*words)
    document = json.loads(out)
    assert (document["verdict"], code) in (("pass", 0), ("inconclusive", 4), ("fail", 1))
    assert "annealed" in document["note"]
    assert [q["name"] for q in document["quantities"]] == names
    assert [set(size["fixed_points"]) for size in document["sizes"]] == [{"found", "missing by Chao's estimate"}] * 3
    assert [size["networks"] for size in document["sizes"]] == [5, 4, 3]
    assert (tmp_path / "v.png").stat().st_size > 10_000
    code_again, again, _ = command(*words[:-1])
    assert code_again == code
    assert "annealed" in again and "missing by Chao's estimate" in again


def test_interrupted(command, tmp_path, monkeypatch):
    from meanfield.simulate import run

    real, left = run.run_network, []

    def work(*args):
        if not left:
            raise KeyboardInterrupt
        left.pop()
        return real(*args)

    monkeypatch.setattr(run, "run_network", work)
    words = ("verify", "scs", "-p", "g=2", "--neurons", "20,30,40", "--networks", 3, "--time", 6, "--transient", 4)
    assert command(*words)[0] == 130
    left += [1] * 10
    code, out, err = command(*words, "--save", tmp_path / "kept")
    assert (code, out) == (130, "") and "the same command goes on" in err
    left += [1] * 10  # 15 networks, and 6 of them with a coarser step
    assert command(*words)[0] == 130
    left += [1] * 11
    code, out, _ = command(*words, "--save", tmp_path / "kept")
    assert code in (0, 4) and "Delta_0" in out
