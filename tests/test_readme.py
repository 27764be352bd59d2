"""What the README shows runs as it stands."""

import re
import shlex
from pathlib import Path

import pytest

from meanfield import cli

README = (Path(__file__).parents[1] / "README.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = [line for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "threshold_linear.py").write_text(PYTHON[1])
    return tmp_path


def test_the_python_example(folder, capsys):
    run = {}
    exec(compile(PYTHON[0], "README.md", "exec"), run)
    assert [len(point) for point in run["every"].points] == [1] * 6 + [3] * 14  # pitchfork at M_m M_n = 1
    assert "Phase diagram of rank-one network" in capsys.readouterr().out
    assert (folder / "rank1.png").exists() and (folder / "rank1.nc").exists()


def test_the_branches(folder, capsys):
    exec(compile(PYTHON[2], "README.md", "exec"), {})
    assert "rank1-chaotic supercritical pitchfork 2.13579169" in capsys.readouterr().out
    assert (folder / "kappa.png").exists() and (folder / "branches.nc").exists()


def test_the_diagrams(capsys):
    names = {}
    exec(compile(PYTHON[3], "README.md", "exec"), names)
    told = capsys.readouterr().out
    assert "alpha alpha = 0" in told and "the curves explain all that changes" in told
    assert names["edge"].condition == "fold" and names["edge"].errors.max() < 1e-12


def test_the_fluctuations():
    names = {}
    exec(compile(next(block for block in PYTHON if "two_time" in block), "README.md", "exec"), names)
    assert abs(names["run"].Delta_0[-1] - names["noisy"].Delta_0[1]) < 0.05 and names["C"][0] == names["run"].Delta_0[-1]


def test_the_fixed_points(folder, capsys):
    names = {}
    exec(compile(next(block for block in PYTHON if "find_fixed_points" in block), "README.md", "exec"), names)
    assert "fixed points of a network of 40 neurons" in capsys.readouterr().out
    assert (folder / "fixed_points.nc").exists() and names["found"].error.max() < 1e-9


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("meanfield ")])
def test_every_command(line, folder, capsys):
    words = shlex.split(line)[1:]
    assert cli.main(words) == 0
    assert capsys.readouterr().out
    for option in ("--out", "--plot"):
        if option in words:
            assert (folder / words[words.index(option) + 1]).stat().st_size > 0


def test_the_sacred_commands_are_targets_of_the_makefile():
    makefile = (Path(__file__).parents[1] / "Makefile").read_text()
    assert {"make demo", "make test"} == {line for line in COMMANDS if line.startswith("make ")}
    for target in ("demo", "test"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_time(capsys):
    names = {}
    exec(compile(next(block for block in PYTHON if "mf.autocovariance(state" in block), "README.md", "exec"), names)
    assert names["state"]["lambda_max"] > 0 and len(names["edge"]["g"]) == 2
    assert "0.008135" in capsys.readouterr().out
