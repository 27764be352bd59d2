"""The command with a library of one model that needs no computing."""

from types import SimpleNamespace

import pytest

import meanfield as mf
from meanfield import cli
from tests.fakes import parabola, solve_parabola


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command; returns (exit code, standard output, standard error)."""

    def run(*argv):
        code = cli.main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def library(monkeypatch):
    """A library that holds only ``parabola``, and its solver."""
    models = SimpleNamespace(names=lambda: ["parabola"], by_name=lambda name: parabola())
    monkeypatch.setattr(mf, "models", models, raising=False)
    monkeypatch.setattr(mf, "solve", solve_parabola, raising=False)
