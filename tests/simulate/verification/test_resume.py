"""A verification that was interrupted goes on where it was, to the same numbers, and takes no file for its own that is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import meanfield as mf
from meanfield.errors import FileFormatError, ParameterError
from meanfield.simulate import run
from meanfield.simulate.verification import counting, verify

SHORT = {"time": 6.0, "transient": 4.0, "trajectories": 2}
RUNNING = ("scs", {"neurons": (20, 30, 40), "networks": 3, "settings": SHORT, "g": 2.0})
SEARCH = {"starts": 64, "until": None, "workers": 1, "guided": False}
COUNTING = ("kac-rice", {"neurons": (12, 16, 20), "networks": 3, "settings": SEARCH, "g": 2.0, "D": 0.5})
WORK = {"scs": (run, "run_network"), "kac-rice": (counting, "_tally")}


@contextmanager
def interrupted_after(monkeypatch: pytest.MonkeyPatch, name: str, networks: int) -> Iterator[list[int]]:
    """Ctrl-C after so many networks; the list counts those that are drawn."""
    module, function = WORK[name]
    real, drawn = getattr(module, function), []

    def work(*args: Any) -> Any:
        if len(drawn) == networks:
            raise KeyboardInterrupt
        drawn.append(1)
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(module, function, work)
        yield drawn


def numbers(result: mf.Verification) -> list[Any]:
    return [(c.name, c.value, c.standard_error, repr(c.z), c.limit.means, c.limit.errors) for c in result.comparisons]


@pytest.mark.parametrize(("name", "asked"), [RUNNING, COUNTING], ids=["running", "counting"])
def test_an_interrupted_call_goes_on_to_the_same_result(name, asked, tmp_path: Path, monkeypatch) -> None:
    model, file = mf.models.by_name(name), tmp_path / "kept"
    whole = verify(model, **asked)
    for after in (0, 4, 5):
        with interrupted_after(monkeypatch, name, after) as drawn, pytest.raises(KeyboardInterrupt):
            verify(model, save=file, **asked)
        assert len(drawn) == after
    with interrupted_after(monkeypatch, name, 1000) as drawn:
        resumed = verify(model, save=file, **asked)
    total = sum(whole.networks) + (whole.networks[0] if name == "scs" else 0)  # the smallest ones run with a coarser step too
    assert len(drawn) == total - 9
    assert numbers(resumed) == numbers(whole)
    # Nothing is left to do; a smaller number is a part of it, a larger one goes on.
    with interrupted_after(monkeypatch, name, 0):
        assert numbers(verify(model, save=file, **asked)) == numbers(whole)
    with interrupted_after(monkeypatch, name, 1000) as drawn:
        more = verify(model, save=file, **{**asked, "networks": [k + (k == 3) for k in whole.networks]})
    assert len(drawn) == 1
    assert more.networks == [*whole.networks[:2], 4]


def test_a_record_that_a_crash_cut_short_is_run_again(tmp_path: Path) -> None:
    (name, asked), file = COUNTING, tmp_path / "kept"
    whole = verify(mf.models.by_name(name), save=file, **asked)
    file.write_bytes(file.read_bytes()[:-7])
    assert numbers(verify(mf.models.by_name(name), save=file, **asked)) == numbers(whole)


def test_files_of_others_are_refused_and_left_alone(tmp_path: Path) -> None:
    (name, asked), file = COUNTING, tmp_path / "kept"
    verify(mf.models.by_name(name), save=file, **asked)
    before = file.read_bytes()
    for change in ({"g": 2.9}, {"settings": {**asked["settings"], "seed": 1}}, {"D": 0.6}):
        with pytest.raises(ParameterError, match="another verification"):
            verify(mf.models.by_name(name), save=file, **{**asked, **change})
    with pytest.raises(ParameterError, match="another verification"):
        verify(mf.models.by_name("scs"), save=file, **RUNNING[1])
    assert file.read_bytes() == before
    text = tmp_path / "thesis.tex"
    text.write_text("do not lose this")
    with pytest.raises(FileFormatError, match=r"thesis.tex is no file of a search or verification"):
        verify(mf.models.by_name(name), save=text, **asked)
    assert text.read_text() == "do not lose this"
