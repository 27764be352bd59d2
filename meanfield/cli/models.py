"""``meanfield models``: what there is."""

from __future__ import annotations

import typer

__all__ = ["models"]


def models(as_json: bool = typer.Option(False, "--json", help="Print one JSON document.")) -> int:
    """List the models that come with the package: name, title, parameters, unknowns."""
    from meanfield.cli.locate import find_model, library_names

    found = [(name, find_model(name)) for name in library_names()]
    if as_json:
        import json

        documents = [
            {
                "model": name,
                "title": model.title,
                "parameters": [p.name for p in model.parameters],
                "unknowns": [u.name for u in model.public_unknowns],
                "indicators": list(model.indicators),
            }
            for name, model in found
        ]
        typer.echo(json.dumps(documents, indent=1))
        return 0
    from meanfield.cli.tables import table

    rows = [
        [
            name,
            model.title,
            ", ".join(p.name for p in model.parameters),
            ", ".join(u.name for u in model.public_unknowns),
        ]
        for name, model in found
    ]
    typer.echo(table(["model", "what it is", "parameters", "unknowns"], rows))
    return 0
