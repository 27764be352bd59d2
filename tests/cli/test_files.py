"""What is finished survives an interrupt that comes while it is written."""

import signal

import pytest

from meanfield.cli.files import undisturbed


def test_the_first_interrupt_waits_and_the_second_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    written = []
    with pytest.raises(KeyboardInterrupt):
        with undisturbed():
            signal.raise_signal(signal.SIGINT)
            written.append("file")
            signal.raise_signal(signal.SIGINT)
    assert written == ["file"] and "interrupt again" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before
