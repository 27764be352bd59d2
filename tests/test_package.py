"""The package itself: lazy public names, and verbs that stay verbs."""

import subprocess
import sys
from types import ModuleType

import pytest

import meanfield as mf


def test_every_public_name_is_listed():
    assert set(mf.__all__) == set(dir(mf))


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(AttributeError, match="did you mean 'solve'"):
        mf.solv  # noqa: B018


def test_a_room_never_replaces_the_verb_of_its_name():
    room = ModuleType("meanfield.solve")
    mf.solve = room  # what the import system does after importing the sub-package
    assert mf.__dict__.get("solve") is not room


def test_importing_is_cheap_in_modules():
    code = "import sys, meanfield; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"matplotlib", "xarray", "scipy", "rich", "typer", "pandas"} & set(loaded)


def test_a_misspelt_name_is_answered_once():
    """Python adds a suggestion of its own to a traceback: there had been two."""
    code = "import meanfield as mf; mf.averages"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
    assert "has no attribute 'averages'; did you mean 'average'?" in told and told.lower().count("did you mean") == 1
