"""Named passes: rewrites of averages that depend on the transfer function, applied late and only on request."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp

from meanfield.averages.measures import Functional, Gaussian, Measure, Tilted
from meanfield.averages.node import Average
from meanfield.averages.scope import Bound, open_body, own, rename, replace, substitute
from meanfield.errors import AverageError
from meanfield.transfer import Applied, Transfer


def parity(expr: sp.Expr) -> sp.Expr:
    """Averages over a zero-mean Gaussian or symmetric tilted law that vanish because the body is odd become 0."""

    def change(e: sp.Basic) -> sp.Basic | None:
        if isinstance(e, Average) and is_centred(e.measure):
            return sp.S.Zero if body_parity(e.body) == "odd" else None
        return None

    return replace(expr, change)


def is_centred(measure: Measure) -> bool:
    """True if ``x`` and ``-x`` have the same law."""
    if isinstance(measure, Gaussian):
        return all(m == 0 for m in measure.mean)
    return isinstance(measure, Tilted) and measure.base.mean[0] == 0 and body_parity(measure.log_tilt) == "even"


def body_parity(body: sp.Expr) -> str | None:
    """``"odd"``, ``"even"`` or None: how ``body`` changes when all variables of its binder change sign."""
    mirrored = reflect(rename(body, {i: -Bound(0, i) for i in own(body)}))
    if mirrored == body:
        return "even"
    return "odd" if sp.expand(mirrored + body) == 0 else None


def reflect(expr: sp.Expr) -> sp.Expr:
    """``phi^(k)(-x)`` as ``(-1)^(k+1) phi^(k)(x)`` for odd phi, ``(-1)^k`` for even phi, wherever the sign can be pulled out."""

    def change(e: sp.Basic) -> sp.Basic | None:
        if not isinstance(e, Applied):
            return None
        token, order, x = e.args
        parity_of_phi = token.traits.parity
        if parity_of_phi is None or not x.could_extract_minus_sign():
            return None
        sign = (-1) ** (int(order) + (parity_of_phi == "odd"))
        return sign * e.func(token, order, -x)

    return replace(expr, change)


def mirror(expr: sp.Expr) -> sp.Expr:
    """Bring Gaussian laws to means without a leading minus, ``<f(x)>_{-mu} = <f(-x)>_{mu}``, and use the parity of phi.

    Two expressions that parity makes equal become equal.
    """

    def change(e: sp.Basic) -> sp.Basic | None:
        if not isinstance(e, Average) or not isinstance(e.measure, Gaussian):
            return None
        body, means = e.body, e.measure.mean
        signs = [m for m in means if m != 0]
        if signs and all(m.could_extract_minus_sign() for m in signs):
            body = rename(body, {i: -Bound(0, i) for i in own(body)})
            means = [-m for m in means]
        return Average(reflect(body), Gaussian(means, e.measure.cov))

    return parity(replace(expr, change))


def explicit(expr: sp.Expr) -> sp.Expr:
    """Transfer functions written out (``phi'`` of tanh becomes ``1 - tanh(x)^2``).

    Raises `AverageError` for a derivative that holds a delta function at a kink, which written out would be lost.
    """

    def change(e: sp.Basic) -> sp.Basic | None:
        if not isinstance(e, Applied):
            return None
        if e.token.kink_terms(e.order):
            raise AverageError(
                f"{e} of {e.token.name} holds a delta function at a kink and cannot be written out; take closed_forms first"
            )
        return e.explicit()

    return replace(expr, change)


def with_transfer(expr: sp.Expr, table: Mapping[sp.Basic, sp.Basic]) -> sp.Expr:
    """Exchange transfer functions, ``{old: new}``, wherever their tokens stand."""
    return replace(expr, lambda e: table.get(e) if isinstance(e, Transfer) else None)


def bind_functional(expr: sp.Expr, name: str, measure: Measure) -> sp.Expr:
    """Bind the open law ``name`` of a functional to data (`Empirical`) or to a law (`Tilted`): S[rho] becomes S(x) or S[mu*]."""

    def change(e: sp.Basic) -> sp.Basic | None:
        if isinstance(e, Average) and isinstance(e.measure, Functional) and e.measure.name == name:
            return Average(e.body, measure)
        return None

    return replace(expr, change)


def functional_derivative(expr: sp.Expr, name: str, at: sp.Symbol) -> sp.Expr:
    """``delta expr / delta rho(at)`` for the open law ``name``: ``delta <f>_rho = f(at)``, chain rule through everything else.

    Computed as the derivative at epsilon = 0 with ``rho + epsilon delta_at`` in the place of rho, averages within averages
    included.
    """
    epsilon = sp.Dummy("epsilon", real=True)

    def perturb(e: sp.Basic) -> sp.Basic:
        if not e.args:
            return e
        args = [perturb(arg) for arg in e.args]
        new = e.func(*args)
        if isinstance(e, Average) and isinstance(e.measure, Functional) and e.measure.name == name:
            new += epsilon * open_body(args[0], [at])
        return new

    return substitute(perturb(expr).diff(epsilon), {epsilon: sp.S.Zero})


def closed_forms(expr: sp.Expr) -> sp.Expr:
    """Replace averages that the transfer function knows in closed form (1-D and correlated 2-D) by their formulas."""

    def change(e: sp.Basic) -> sp.Basic | None:
        return closed_form(e) if isinstance(e, Average) and isinstance(e.measure, Gaussian) else None

    return replace(expr, change)


def closed_form(node: Average) -> sp.Expr | None:
    """Closed form of one Gaussian average of a product of ``phi^(k)``'s, or None."""
    factors = _signature(node.body, node.measure.dimension) if node.measure.dimension <= 2 else None
    if factors is None:
        return None
    token, orders = factors
    law = node.measure
    if law.dimension == 1:
        return _from_table(token.traits.closed1, tuple(sorted(orders)), law.mean[0], law.cov[0, 0])
    if law.mean[0] != law.mean[1] or law.cov[0, 0] != law.cov[1, 1]:
        return None
    table, arguments = token.traits.closed2, (law.mean[0], law.cov[0, 0], law.cov[0, 1])
    low, high = sorted(orders)
    found = _from_table(table, (low, high), *arguments)
    if found is None and high - low in (1, 2):
        # Price: d<f(x) f(y)> is 2 <f f'> by the mean and <f f''> by the variance at fixed covariance.
        by_mean = high - low == 1
        marks = [sp.Dummy(real=True) for _ in arguments]
        general = _from_table(table, (low, low), *marks)
        if general is not None:
            change = general.diff(marks[0 if by_mean else 1]) / (2 if by_mean else 1)
            found = substitute(change, dict(zip(marks, arguments, strict=True)))
    return found


def _from_table(
    table: Mapping[tuple[int, ...], Callable[..., sp.Expr]], orders: tuple[int, ...], *arguments: sp.Expr
) -> sp.Expr | None:
    entry = table.get(orders)
    if entry is None or (getattr(entry, "zero_mean_only", False) and arguments[0] != 0):
        return None
    return entry(*arguments)


def _signature(body: sp.Expr, dimension: int) -> tuple[sp.Basic, list[int]] | None:
    """Token and orders of a body ``prod phi^(k)(x_i)``, one factor per variable in 2-D, powers allowed in 1-D."""
    token, orders, seen = None, [], []
    for factor in sp.Mul.make_args(body):
        base, power = factor.as_base_exp()
        if not isinstance(base, Applied) or not isinstance(base.args[2], Bound) or not (power.is_Integer and power > 0):
            return None
        if token not in (None, base.args[0]):
            return None
        token = base.args[0]
        orders += [int(base.args[1])] * int(power)
        seen += [base.args[2].index] * int(power)
    if token is None or (dimension == 2 and sorted(seen) != [0, 1]):
        return None
    return token, orders
