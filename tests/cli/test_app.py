"""The command as a whole."""

import subprocess
import sys

import pytest

import meanfield as mf


def test_version_and_help(command):
    assert command("--version") == (0, f"meanfield {mf.__version__}\n", "")
    code, out, _ = command("--help")
    assert code == 0 and "models" in out and "path/to/file.py:attribute" in out
    assert command()[0] == 0


@pytest.mark.parametrize("name", ["models", "show", "solve", "diagram"])
def test_every_sub_command_explains_itself(command, name):
    code, out, err = command(name, "--help")
    assert code == 0 and "Usage" in out and err == ""


def test_help_imports_nothing_heavy():
    code = "import sys; from meanfield.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sympy", "scipy", "xarray", "matplotlib"} & set(done.stderr.split())


@pytest.mark.usefixtures("library")
def test_models_are_listed(command):
    code, out, _ = command("models")
    assert code == 0 and "parabola" in out and "square root" in out
    code, out, _ = command("models", "--json")
    assert code == 0 and '"parameters"' in out


def test_interrupted_anywhere(command, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("meanfield.cli.locate.library_names", stop)
    assert command("models")[0] == 130
