"""Every derivation runs, its rules reproduce its results, its checks hold, and it ends at the library's models."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import sympy as sp

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "derivations"
SCRIPTS = sorted(FOLDER.glob("[0-9]*.py"))


@pytest.fixture
def load(monkeypatch):
    """Import a derivation the way it runs: as a script beside its neighbours."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def by_path(path: Path) -> ModuleType:
        name = f"derivation_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    return by_path


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_every_step_replays_and_checks(script, load, capsys):
    derivation = load(script).derive()
    names = [step.name for step in derivation.steps]
    assert len(set(names)) == len(names) > 0
    for step in derivation.steps:
        assert step.verify()
    if script.stem != "08_misprints":
        assert derivation.results or script.stem == "01_calculus", "a derivation ends at the library's equations"
        for step in derivation.steps:
            assert step.rule.__name__ != "<lambda>"
            assert step.rule.__doc__, f"{step.name}: the rule does not say what it does"


def test_misprints_are_all_told_apart(load):
    module = load(FOLDER / "08_misprints.py")
    assert len(module.MISPRINTS) == 9  # the eight rows of the table; the one of Delta_inf holds two
    assert len(module.OTHER_SLIPS) > 5


def test_a_wrong_step_is_caught(load):
    step = load(FOLDER / "step.py")
    x = sp.Symbol("x")

    def square(e: sp.Expr) -> sp.Expr:
        return e**2

    wrong = step.Derivation("wrong")
    wrong.step("square", square, x, check=step.Equal(x**3))
    with pytest.raises(AssertionError, match="expected x"):
        wrong.steps[0].verify()
    with pytest.raises(AssertionError, match="differ"):
        step.Step("numbers", square, (x,), x**2, (), "", step.Numeric(lambda: [(1.0, 1.1)])).verify()
    with pytest.raises(AssertionError, match="d/dx"):
        step.Step("slope", square, (x,), x**2, (), "", step.Differentiate(x, x)).verify()
    with pytest.raises(AssertionError, match="does not reproduce"):
        step.Step("replay", square, (x,), x, (), "", step.Equal(x)).verify()
    with pytest.raises(AssertionError, match="not derived before"):
        wrong.step("later", square, x, check=step.Equal(x**2), uses=("nothing",))
    with pytest.raises(AssertionError, match="the library has"):
        wrong.result("quantity", x, x + 1)
    with pytest.raises(AssertionError, match="the library"):
        wrong.equations("system", [x], [x - 1, x])


def test_one_file_runs_alone_and_prints_its_steps():
    done = subprocess.run(
        [sys.executable, str(FOLDER / "07_regular_equation.py")], cwd=FOLDER.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "at coincidence: the onset of chaos" in done.stdout
    assert "equals the library's rank1-chaotic: energy" in done.stdout


def test_runner_reports_each_file():
    done = subprocess.run([sys.executable, "-m", "derivations", "01"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "01_calculus.py" in done.stdout
    assert "1 derivations, 0 failed" in done.stdout
