"""The command ``meanfield``: one file per sub-command; nothing heavy is imported before a sub-command needs it."""

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command on ``argv`` (default: the shell's arguments) and return the exit code.

    0: at least one solution (or: done); 3: no solution, the sentence on standard error says why; 2: bad input, one
    sentence on standard error; 130: interrupted.
    """
    from meanfield.cli.app import run

    return run(argv)
