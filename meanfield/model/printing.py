"""A Model in print: text for the terminal, LaTeX for papers and Jupyter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sympy as sp

from meanfield.averages import Average, DividedDifference, LogNorm, Tilted
from meanfield.averages.names import is_letter, latex_name
from meanfield.averages.scope import nodes, open_body, substitute
from meanfield.model.conditional import unconditional
from meanfield.transfer.token import numbered

if TYPE_CHECKING:
    from meanfield.model.motion import Motion
    from meanfield.model.record import Model

_LATEX_NAMES = {"delta": r"\Delta_T"}  # of the working unknowns of chaotic models


def symbol_names(model: Model) -> dict[sp.Symbol, str]:
    """LaTeX names of a model's symbols."""
    symbols = (*model.unknowns, *model.parameters, *model.definitions, *model.reports)
    return {s: _LATEX_NAMES.get(s.name) or latex_name(s.name) for s in symbols}


def latex_expression(model: Model, expr: Any) -> str:
    """LaTeX of one expression in the model's notation."""
    with numbered(model.transfers):
        return sp.latex(expr, symbol_names=symbol_names(model))


def in_public_unknowns(model: Model) -> Callable[[sp.Expr], sp.Expr]:
    """Rewrites expressions in the unknowns that results carry, where these determine the working ones."""
    hidden = [u for u in model.unknowns if u not in model.public_unknowns]
    made = {name: expr for name, expr in model.reports.items() if expr.free_symbols & set(hidden)}
    if not hidden or len(made) != len(hidden):
        return lambda expr: expr
    found = sp.solve([expr - name for name, expr in made.items()], hidden, dict=True)
    if len(found) != 1 or set(found[0]) != set(hidden):
        return lambda expr: expr
    return lambda expr: substitute(expr, found[0])


def _equations(model: Model) -> Iterable[tuple[Any, Any]]:
    public = in_public_unknowns(model)
    yield from ((name, public(expr)) for name, expr in model.definitions.items())
    yield from ((u, public(expr)) for u, expr in model.equations.items())
    yield from ((public(e), sp.S.Zero) for e in model.implicit)
    yield from ((name, shown) for name, expr in model.reports.items() if (shown := public(expr)) != name)


def _tilted(model: Model) -> list[sp.Expr]:
    """Exponents, in y, of the tilted laws over which the equations average."""
    public, y = in_public_unknowns(model), sp.Symbol("y", real=True)
    found = [*model.equations.values(), *model.implicit]
    laws = dict.fromkeys(n.measure for e in found for n in nodes(public(e), (Average, LogNorm), inside=True))
    tilted = [law for law in laws if isinstance(law, Tilted)]
    return [open_body(t.log_tilt, [y]) - (y - t.base.mean[0]) ** 2 / (2 * t.base.cov[0, 0]) for t in tilted]


def latex(model: Model) -> str:
    """The equations, the transfer functions, what is observed and the phase boundaries, as an ``align`` environment."""
    show = lambda expr: latex_expression(model, expr)  # noqa: E731
    rows = [rf"{show(left)} &= {show(right)}" for left, right in _equations(model)]
    x = sp.Symbol("x", real=True)
    rows += [rf"\mu^*(y) &\propto \exp\left({show(e)}\right)" for e in _tilted(model)]
    rows += [rf"{show(t(x))} &= {show(t.explicit(0, x))}" for t in model.transfers]
    public = in_public_unknowns(model)
    rows += [rf"{_name(name)} &= {show(public(expr))}" for name, expr in model.observables.items() if name != str(expr)]
    rows += [rf"{_name(name, ':')}\quad {show(public(expr))} &= 0" for name, expr in model.indicators.items()]
    return "\\begin{align}\n" + " \\\\\n".join(rows) + "\n\\end{align}"


def _name(name: str, end: str = "") -> str:
    """A letter as a symbol, other names as words."""
    return latex_name(name) + end if is_letter(name) else rf"\text{{{name.replace('_', ' ')}{end}}}"


def text(model: Model) -> str:
    """Everything a reader needs to know about the model, as plain text."""
    with numbered(model.transfers):
        return _text(model)


def _text(model: Model) -> str:
    lines = [f"{model.name or 'model'}: {model.title}", "", "equations"]
    lines += [f"  {left} = {right}" for left, right in _equations(model)]
    lines += [f"  {line}" for line in _where(model)]
    for label, symbols in (("unknowns", model.public_unknowns), ("parameters", model.parameters)):
        width = max((len(s.name) for s in symbols), default=0)
        lines += ["", label, *(f"  {s.name:{width}}  {_meaning(model, s)}".rstrip() for s in symbols)]
    if model.transfers:
        lines += ["", *_transfers(model)]
    public = in_public_unknowns(model)
    for label, table in (("observables", model.observables), ("indicators (0 at a phase boundary)", model.indicators)):
        if table:
            named = ((name, public(expr)) for name, expr in table.items())
            lines += ["", label, *(f"  {name}" if str(expr) == name else f"  {name} = {expr}" for name, expr in named)]
    if model.motion is not None:
        lines += ["", "motion of the autocovariance", *(f"  {line}" for line in _motion(model.motion.changed(public)))]
    if model.dynamics is not None:
        lines += ["", "dynamics", *(f"  d{u}/dt = {rate}" for u, rate in model.dynamics.items())]
    judged = list(_judged(model))
    if judged:
        lines += ["", "which roots are solutions, and of what kind", *(f"  {line}" for line in judged)]
    if model.on_request or model.per_neuron:
        asked = [*model.on_request, *(f"{name} (of every neuron)" for name in model.per_neuron)]
        lines += ["", f"on request (state[name], --observables): {', '.join(asked)}"]
    if model.profiles:
        lines += ["", f"profiles: {', '.join(model.profiles)}"]
    lines += ["", f"solving begins from {_beginnings(model)}"]
    if model.references:
        lines += ["", "references", *(f"  {r}" for r in model.references)]
    return "\n".join(lines)


def _transfers(model: Model) -> Iterable[str]:
    """What phi is, or phi_1, phi_2, ... are."""
    if len(model.transfers) == 1:
        (phi,) = model.transfers
        return [f"transfer function {phi.name}: {phi.definition}"]
    return ["transfer functions", *(f"  phi_{i}, {phi.name}: {phi.definition}" for i, phi in enumerate(model.transfers, 1))]


_LONG = 60  # characters of a condition that is still written beside its sentence


def _judged(model: Model) -> Iterable[str]:
    """The conditions on roots, and the symmetries, a line each."""
    public = in_public_unknowns(model)
    for table, relation in ((model.accept, ">= 0"), (model.refuse, "!= 0")):
        yield from (f"solution if    {_condition(words, expr, relation, public)}" for words, expr in table.items())
    for word, given, relation in (("physical", model.physical, ">= 0"), ("stable", model.stable, "> 0")):
        if isinstance(given, Mapping):
            yield from (f"{word} if    ".ljust(15) + _condition(words, expr, relation, public) for words, expr in given.items())
        elif isinstance(given, bool):
            yield f"{word}: every solution is" if given else f"{word}: no solution is"
    for name, spectrum in model.spectra.items():
        size = spectrum.matrix.shape[0]
        yield f"stable if      every eigenvalue of the {size} x {size} matrix {name} has a real part < 1"
    for images in unconditional(model):
        yield "symmetric      " + _images(images)
    for one in model.conditional_symmetries:
        yield f"symmetric      {_images(one.images)} where {' = '.join(s.name for s in one.zero)} = 0"


def _images(images: Mapping[sp.Symbol, sp.Expr]) -> str:
    return ", ".join(f"{u} -> {image}" for u, image in images.items())


def _condition(words: str, expr: Any, relation: str, public: Callable[[Any], Any]) -> str:
    said = f"{public(expr)} {relation}"
    if relation == "!= 0":
        return f"not: {words}"
    return f"{words} ({said})" if len(said) <= _LONG else words


def _beginnings(model: Model) -> str:
    parts = [f"{len(model.starts)} starts"] if len(model.starts) != 1 else ["1 start"]
    others = list(dict.fromkeys(seed.model.name or seed.model.title for seed in model.seeds))
    if not model.starts:
        parts = [] if others else ["starts that are spread widely (the model gives none)"]
    return " and ".join([*parts, *([f"solutions of {', '.join(others)}"] if others else [])])


def _motion(motion: Motion) -> Iterable[str]:
    yield f"{motion.delay}'' = {motion.acceleration}"
    slope = f", {motion.delay}'(0+) = {-motion.noise}" if motion.noise != 0 else ""
    yield f"{motion.delay}(0) = {motion.start}{slope}, {motion.delay}(infinity) = {motion.end}"


def _meaning(model: Model, s: sp.Symbol) -> str:
    said = [str(model.meanings[s])] if s in model.meanings else []
    said += [">= 0"] if s.name in (model.nonnegative or ()) else []
    said += [f"default {model.defaults[s]}"] if s in model.defaults else []
    return "; ".join(said)


def _where(model: Model) -> Iterable[str]:
    """What a reader must know to read the equations."""
    yield from (f"where mu*(y) is proportional to exp({exponent})" for exponent in _tilted(model))
    if any(True for e in model.observables.values() for _ in nodes(e, LogNorm, inside=True)):
        yield "where log_norm is the logarithm of its normalisation, relative to that of the normal law without phi"
    every = [*model.equations.values(), *model.definitions.values(), *model.implicit]
    if any(True for e in every for _ in nodes(e, DividedDifference, inside=True)):
        yield "where [f][a, b, c] is the divided difference of f at a, b, c (a derivative where they coincide)"
    if model.data:
        yield f"where <...>_{{{', '.join(model.data)}}} is the mean over the data {', '.join(model.data)}"
