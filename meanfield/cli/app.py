"""The sub-commands put together, and what becomes of an error: one clear sentence on standard error, no traceback."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from meanfield.cli import diagram, follow, models, show, simulate, solve, verify
from meanfield.errors import MeanfieldError, NoSolution

__all__ = ["app", "run"]

SOLVED, BAD_INPUT, NO_SOLUTION, INTERRUPTED = 0, 2, 3, 130

app = typer.Typer(
    name="meanfield",
    help="Mean-field theory of random networks: every solution of a model, each number with an honest error.",
    epilog="MODEL is a name of `meanfield models`, or path/to/file.py:attribute. Such a file is imported: its code runs.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("models")(models.models)
app.command("show")(show.show)
app.command("solve")(solve.solve)
app.command("continue")(follow.follow)
app.command("diagram")(diagram.diagram)
app.command("simulate")(simulate.simulate)
app.command("verify")(verify.verify)


@app.callback(invoke_without_command=True)
def _root(context: typer.Context, version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if not version and context.invoked_subcommand is None:
        typer.echo(context.get_help())
    if version:
        from meanfield import __version__

        typer.echo(f"meanfield {__version__}")
        raise typer.Exit


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command and turn what it returns or raises into an exit code."""
    try:
        code = app(args=None if argv is None else list(argv), prog_name="meanfield", standalone_mode=False)
    except NoSolution as error:
        return _say(error, NO_SOLUTION)
    except MeanfieldError as error:
        return _say(error, BAD_INPUT)
    except OSError as error:
        reason = f"{error.strerror}: {error.filename}" if error.strerror and error.filename else str(error)
        return _say(reason, BAD_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted", INTERRUPTED)
    except Exception as error:
        # Typer's usage errors have had several homes; what they share is this method.
        if not hasattr(error, "format_message"):
            raise
        return _say(error.format_message(), BAD_INPUT)
    return code if isinstance(code, int) else SOLVED


def _say(what: object, code: int) -> int:
    print(f"meanfield: {what}", file=sys.stderr)
    return code
