"""What delta functions at kinks contribute to an average over two correlated variables: averages over one of them.

``<delta(u - a) g(v)>`` is the density of u at a times the average of g over v given u = a; derivatives of the delta function
differentiate that product by a, and those of the average are averages of derivatives of g.
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from meanfield.averages import Average, Gaussian
from meanfield.averages.scope import close, nodes, open_body, own, substitute
from meanfield.compile.kinks import kink_terms
from meanfield.errors import AverageError
from meanfield.transfer import Applied
from meanfield.transfer.probabilities import conditional_variance

_U, _V = sp.Symbol("_u", real=True), sp.Symbol("_v", real=True)


@lru_cache(maxsize=4096)
def pair_kink_terms(node: Average) -> sp.Expr:
    """Contribution to ``<f(u) g(v)>``, an average over two variables, of the delta functions in f and g; it holds averages over one
    variable, in which g and f are whole.

    Raises `AverageError` where a body with delta functions is no sum of such products.
    """
    if not _holds_deltas(node.body):
        return sp.S.Zero
    return sp.Add(*(_of_product(term, node.measure) for term in sp.Add.make_args(sp.expand_mul(node.body))))


def _holds_deltas(expr: sp.Expr) -> bool:
    return any(a.token.kink_terms(a.order) for a in nodes(expr, Applied, inside=True))


def _of_product(term: sp.Expr, law: Gaussian) -> sp.Expr:
    if not _holds_deltas(term):
        return sp.S.Zero
    factors: tuple[list[sp.Expr], list[sp.Expr]] = ([], [])
    for factor in sp.Mul.make_args(term):
        seen = own(factor)
        if len(seen) > 1:
            raise AverageError(
                f"{factor} mixes the variables of a pair beside a derivative across a kink; such an average is not supported"
            )
        factors[seen[0] if seen else 0].append(factor)
    f, g = (open_body(sp.Mul(*some), [x, x]) for some, x in zip(factors, (_U, _V), strict=True))
    ahead, back = _Conditional(law, 0), _Conditional(law, 1)
    total = sp.S.Zero
    if _holds_deltas(f):
        total += kink_terms(f, _U, law.mean[0], law.cov[0, 0], lambda at, k: ahead.average(g, _V, at, k))
        # The average of f below is whole, with its delta functions: those that meet one of g are already here.
        total -= kink_terms(f, _U, law.mean[0], law.cov[0, 0], lambda at, k: ahead.at_kinks(g, _V, at, k))
    if _holds_deltas(g):
        total += kink_terms(g, _V, law.mean[1], law.cov[1, 1], lambda at, k: back.average(f, _U, at, k))
    return total


class _Conditional:
    """The law of the other variable where variable ``i`` of a pair is known."""

    def __init__(self, law: Gaussian, i: int) -> None:
        j = 1 - i
        var, cov = law.cov[i, i], law.cov[0, 1]
        self.slope = cov / var
        self.mean = lambda at: law.mean[j] + self.slope * (at - law.mean[i])
        self.var = conditional_variance(law.cov[j, j], var, cov)

    def average(self, g: sp.Expr, y: sp.Symbol, at: sp.Expr, k: int) -> sp.Expr:
        """The k-th derivative, by ``at``, of the average of g (``y``)."""
        return self.slope**k * Average(close(sp.diff(g, y, k) if k else g, [y]), Gaussian([self.mean(at)], [[self.var]]))

    def at_kinks(self, g: sp.Expr, y: sp.Symbol, at: sp.Expr, k: int) -> sp.Expr:
        """The same of nothing but the delta functions in g."""
        a = sp.Dummy("a", real=True)
        whole = kink_terms(g, y, self.mean(a), self.var)
        return substitute(sp.diff(whole, a, k) if k else whole, {a: at})


__all__ = ["pair_kink_terms"]
