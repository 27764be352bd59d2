"""``meanfield show``: what a model says, as text or as LaTeX."""

from __future__ import annotations

import typer

__all__ = ["show"]


def show(
    model: str = typer.Argument(..., metavar="MODEL", help="Name, or path/to/file.py:attribute (that file runs)."),
    transfer: str | None = typer.Option(
        None, "--transfer", metavar="NAME", help="Another transfer function, such as erf or threshold_power:2."
    ),
    latex: bool = typer.Option(False, "--latex", help="As LaTeX."),
) -> int:
    """Print a model's equations, unknowns, parameters, indicators and references."""
    from meanfield.cli.locate import find_model

    found = find_model(model, transfer)
    if latex:
        from meanfield.model.printing import latex as as_latex

        typer.echo(as_latex(found))
    else:
        from meanfield.models.windows import window

        typer.echo(str(found))
        known = window(model)
        if known is not None:
            typer.echo(f"phase diagram, known to be complete in this window:\n  {known.command}")
    return 0
