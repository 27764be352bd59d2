"""From the word MODEL of the command line to a `Model`: a library name, or an attribute of the user's own file."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from meanfield.errors import ModelError

if TYPE_CHECKING:
    from meanfield.model import Model

__all__ = ["asked", "find_model", "library_names"]


def library_names() -> list[str]:
    """Names of the models that come with the package."""
    from meanfield import models

    return list(models.names())


def find_model(text: str, transfer: str | None = None) -> Model:
    """The model that ``text`` names, with the transfer function ``transfer`` (a name) in place of its own, if given.

    ``text`` is a library name or ``path/to/file.py:attribute``. Raises `ModelError` with the nearest name, and
    `FileNotFoundError` for a file that is not there.
    """
    path, colon, attribute = text.rpartition(":")
    if colon and path.endswith(".py"):
        model = _from_file(Path(path), attribute)
    elif text.endswith(".py"):
        raise ModelError(f"{text!r} names a file; expected {text}:ATTRIBUTE{_attributes(_imported(Path(text)))}")
    else:
        model = _from_library(text)
    if transfer is None:
        return model
    from meanfield.transfer import by_name

    return model.with_transfer(by_name(transfer))


def asked(models: Sequence[Model], text: str) -> list[Model]:
    """The models with the observables that ``text`` names (``"lambda_max"``, several separated by commas) among their indicators,
    where they have them. Raises `ParameterError` for a name that none of them has."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if not any(name in model.indicators or name in model.on_request for model in models):
            models[0].asking(name)  # raises, with the nearest name
    return [model.asking(*(name for name in names if name in model.on_request)) for model in models]


def _from_library(name: str) -> Model:
    from meanfield import models

    names = library_names()
    if name not in names:
        close = get_close_matches(name, names, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}."
        raise ModelError(f"there is no model {name!r}; {hint} Your own is given as path/to/file.py:attribute")
    return models.by_name(name)


def _from_file(path: Path, attribute: str) -> Model:
    from meanfield.model import Model

    module = _imported(path)
    if not hasattr(module, attribute):
        close = get_close_matches(attribute, dir(module), 1)
        hint = f"; did you mean {close[0]!r}?" if close else _attributes(module)
        raise ModelError(f"{path} has no attribute {attribute!r}{hint}")
    found = getattr(module, attribute)
    if not isinstance(found, Model):
        raise ModelError(f"{path}:{attribute} is of type {type(found).__name__}; expected a Model{_attributes(module)}")
    return found


def _imported(path: Path) -> ModuleType:
    """The user's file as a module. It runs, as if it were called as a script from where it stands."""
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    if not path.is_file():
        raise FileNotFoundError(2, "No such file", str(path))
    name = f"_meanfield_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ModelError(f"{path} cannot be imported as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        said = error.msg if isinstance(error, SyntaxError) else error
        raise ModelError(f"{path}{_line_of(error, path)} failed with {type(error).__name__}: {said}") from error
    finally:
        sys.path.pop(0)
    return module


def _line_of(error: BaseException, path: Path) -> str:
    """`` line N``: the last line of the user's own file on the way to ``error``."""
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename).resolve() == path.resolve():
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}," if line else ""


def _attributes(module: ModuleType) -> str:
    from meanfield.model import Model

    names = [name for name, value in vars(module).items() if isinstance(value, Model)]
    return f"; models there: {', '.join(names)}" if names else "; there is no model in it"
