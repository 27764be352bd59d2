"""Progress reporters."""

import pytest

from meanfield.progress import CallbackProgress, LineProgress, NullProgress, Progress, RichProgress, reporter, reporting


@pytest.mark.parametrize("silent", [None, False])
def test_nothing_asked_nothing_said(silent, capfd):
    with reporting(silent) as progress:
        progress.start(3, "points")
        progress.advance()
        progress.note("hello")
    assert isinstance(progress, NullProgress)
    assert capfd.readouterr() == ("", "")


def test_a_function_hears_every_event():
    heard = []
    with reporting(lambda *event: heard.append(event)) as progress:
        progress.start(3, "points")
        progress.advance()
        progress.advance(2)
        progress.note("done")
        progress.start(None, "curves")
        progress.advance()
    assert heard == [
        (0, 3, "points"),
        (1, 3, "points"),
        (3, 3, "points"),
        (3, 3, "done"),
        (0, None, "curves"),
        (1, None, "curves"),
    ]


def test_bars_go_to_standard_error(capfd, monkeypatch):
    monkeypatch.setattr("meanfield.progress._draws", lambda: True)
    with reporting(True) as progress:
        progress.start(None, "searching")
        progress.advance()
        progress.start(2, "polishing")
        progress.advance(2)
        progress.note("[bold] is not markup here")
        progress.close()
    out, err = capfd.readouterr()
    assert isinstance(progress, RichProgress)
    assert out == ""
    assert "polishing" in err and "[bold] is not markup here" in err


def test_a_file_gets_no_bars(capfd, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("meanfield.progress.monotonic", lambda: now[0])
    with reporting(True) as progress:  # standard error is captured: no terminal
        assert isinstance(progress, LineProgress)
        progress.start(None, "searching")
        progress.start(200, "polishing")
        for _ in range(100):
            now[0] += 0.7
            progress.advance()
        progress.note("worth a line")
    out, err = capfd.readouterr()
    assert out == "" and err.splitlines() == ["polishing: 43 of 200", "polishing: 86 of 200", "worth a line"]


def test_a_reporter_of_the_callers_is_used_and_stays_open():
    closed = []

    class Mine(NullProgress):
        def close(self) -> None:
            closed.append(True)

    mine = Mine()
    with reporting(mine) as progress:
        assert progress is mine
    assert not closed


def test_every_reporter_speaks_the_protocol():
    for one in (NullProgress(), RichProgress(), LineProgress(), CallbackProgress(print)):
        assert isinstance(one, Progress)


def test_anything_else_is_refused():
    with pytest.raises(TypeError, match="None, True, or a function"):
        reporter("yes")
