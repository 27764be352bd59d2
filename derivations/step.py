"""What a derivation is made of: steps, each an expression, a rule, and the expression that the rule makes of it.

A step is data. Its rule is a pure function, so a test can apply it again; its check is independent of the rule:

* `Equal`: the result is the same expression as one written down by other means;
* `Differentiate`: the derivative of the result is what was integrated;
* `Numeric`: both sides are the same numbers, by quadrature, Monte Carlo or solving.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from meanfield.averages import Average, DividedDifference, LogNorm
from meanfield.averages.scope import nodes

_LONGEST = 600  # of a printed expression
_BINDERS = (Average, LogNorm, DividedDifference)


def without_binders(expr: sp.Expr) -> sp.Expr:
    """``expr`` with every outermost average replaced by a symbol, so that SymPy's simplification cannot reach a body."""
    names = {node: sp.Dummy(real=True) for node in nodes(expr, _BINDERS)}
    return put(expr, names)


def proportional(a: sp.Expr, b: sp.Expr) -> bool:
    """True if ``a = factor * b`` with a factor that contains no average: the equations a = 0 and b = 0 are the same."""
    names = {node: sp.Dummy(real=True) for e in (a, b) for node in nodes(e, _BINDERS)}
    factor = sp.simplify(put(a, names) / put(b, names))
    return factor != 0 and not factor.free_symbols & set(names.values())


def put(expr: sp.Basic, names: Mapping[sp.Basic, sp.Basic]) -> sp.Basic:
    """``expr`` with whole averages (or other outermost parts) replaced as ``names`` says."""
    if expr in names:
        return names[expr]
    return expr.func(*(put(arg, names) for arg in expr.args)) if expr.args else expr


def same(a: Any, b: Any) -> bool:
    """True if two expressions, matrices, sequences or dictionaries of expressions are equal, as far as algebra can tell."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, sp.MatrixBase) and isinstance(b, sp.MatrixBase):
        return a.shape == b.shape and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    difference = sp.expand(sp.sympify(a) - sp.sympify(b))
    return difference == 0 or sp.simplify(without_binders(difference)) == 0


@dataclass(frozen=True)
class Equal:
    """The result must equal ``to``, which was obtained in another way."""

    to: Any

    def verify(self, step: Step) -> str:
        assert same(step.after, self.to), f"{step.name}: got {step.after}, expected {self.to}"
        return "equal to the form written down independently"


@dataclass(frozen=True)
class Differentiate:
    """The derivative of the result by ``by`` must be ``gives``."""

    by: sp.Symbol
    gives: sp.Expr

    def verify(self, step: Step) -> str:
        slope = step.after.diff(self.by)
        assert same(slope, self.gives), f"{step.name}: d/d{self.by} is {slope}, expected {self.gives}"
        return f"d/d{self.by} of the result is what was integrated"


@dataclass(frozen=True)
class Numeric:
    """``pairs()`` gives numbers (left, right) that must agree within ``rel`` of the left ones (and ``abs``)."""

    pairs: Callable[[], Iterable[tuple[float, float]]] = field(compare=False)
    rel: float = 1e-9
    abs: float = 1e-12

    def verify(self, step: Step) -> str:
        found = [(float(a), float(b)) for a, b in self.pairs()]
        for a, b in found:
            assert abs(a - b) <= self.rel * abs(a) + self.abs, f"{step.name}: {a!r} and {b!r} differ"
        return "; ".join(f"{a:.12g} = {b:.12g}" for a, b in found[:4])


Check = Equal | Differentiate | Numeric


@dataclass(frozen=True)
class Step:
    """``after = rule(*before)``. uses: names of the steps it rests on. source: paper and equation, if it is printed there."""

    name: str
    rule: Callable[..., Any]
    before: tuple[Any, ...]
    after: Any
    uses: tuple[str, ...]
    source: str
    check: Check

    def replay(self) -> Any:
        """Apply the rule again."""
        return self.rule(*self.before)

    def verify(self) -> str:
        """Replay the rule and run the check; raises `AssertionError`. Returns what was checked, in words."""
        assert same(self.replay(), self.after), f"{self.name}: the rule does not reproduce the result"
        return self.check.verify(self)


class Derivation:
    """A titled list of steps in which each may use the earlier ones, and results that equal the library's."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.steps: list[Step] = []
        self.results: list[tuple[str, Any]] = []

    def step(
        self, name: str, rule: Callable[..., Any], *before: Any, check: Check, uses: tuple[str, ...] = (), source: str = ""
    ) -> Any:
        """Apply ``rule`` to ``before``, record the step and return its result."""
        unknown = set(uses) - {s.name for s in self.steps}
        assert not unknown, f"{name} uses {sorted(unknown)}, which were not derived before it"
        self.steps.append(Step(name, rule, before, rule(*before), uses, source, check))
        return self.steps[-1].after

    def result(self, name: str, derived: Any, library: Any) -> None:
        """Assert that what was derived is what the library holds under ``name``."""
        assert same(derived, library), f"{name}: derived {derived}, the library has {library}"
        self.results.append((name, library))

    def equations(self, name: str, derived: Sequence[sp.Expr], library: Sequence[sp.Expr]) -> None:
        """Assert that ``derived = 0`` and ``library = 0`` are the same equations, whatever their order and scale."""
        left = list(library)
        for equation in derived:
            match = next((e for e in left if proportional(equation, e)), None)
            assert match is not None, f"{name}: derived {equation} = 0, the library has {left}"
            left.remove(match)
        assert not left, f"{name}: the library also has {left}"
        self.results.append((name, tuple(library)))

    def report(self) -> None:
        """Verify every step and print it."""
        print(self.title)
        print("=" * len(self.title))
        for number, step in enumerate(self.steps, 1):
            source = f"   [{step.source}]" if step.source else ""
            print(f"\n({number}) {step.name}{source}")
            print(_indented(_first_line(step.rule)))
            for before in step.before:
                print(_indented(f"from   {shown(before)}"))
            print(_indented(f"to     {shown(step.after)}"))
            print(_indented(f"check  {step.verify()}"))
        print()
        for name, _ in self.results:
            print(f"equals the library's {name}")


def shown(value: Any) -> str:
    """An expression, or a collection of them, as one line of text."""
    if isinstance(value, dict):
        return ", ".join(f"{k} = {shown(v)}" for k, v in value.items())
    if isinstance(value, sp.MatrixBase):
        return shown(value.tolist())
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(shown, value)) + "]"
    return value.__name__ if callable(value) and hasattr(value, "__name__") else str(value)


def _first_line(rule: Callable[..., Any]) -> str:
    return (inspect.getdoc(rule) or rule.__name__).split("\n\n")[0].replace("\n", " ")


def _indented(text: str) -> str:
    text = text if len(text) < _LONGEST else f"{text[:_LONGEST]} ..."
    return textwrap.fill(text, 116, initial_indent="    ", subsequent_indent="           ", break_long_words=False)
