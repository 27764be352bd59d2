"""Expressions and models at any precision, with a claimed error: the mpmath printer.

    >>> from meanfield.compile.precise import evaluate
    >>> evaluate(E(phi(x)**2), {mu: "0.3", Delta: 2}, digits=40)

Nothing here shares code with the double-precision kernel, so each can check the other. Arithmetic is that of ``gmpy2`` where
it is installed, else of ``mpmath``. Average by average, the rule is one with a step that is halved until it agrees with itself.
"""

from meanfield.compile.precise.driver import PreciseModel, evaluate, evaluate_with_error

__all__ = ["PreciseModel", "evaluate", "evaluate_with_error"]
