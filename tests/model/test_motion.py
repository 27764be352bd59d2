"""The equation of motion: potential by Price backwards, energy, and that every rewrite of a model carries it."""

import pickle

import pytest
import sympy as sp

from meanfield import models, transfer
from meanfield.averages import E
from meanfield.averages.price import price_backwards
from meanfield.conditions import change_unknowns, indicator_zero
from meanfield.conditions.fix_parameters import fix_parameters
from meanfield.errors import AverageError, ModelError
from meanfield.model import Motion
from meanfield.model.motion import DELAY
from meanfield.models import scs
from meanfield.symbols import gaussian, gaussian_pair, symbol, unknown

Delta_0, mu, g, C = unknown("Delta_0", nonnegative=True), unknown("mu"), symbol("g"), symbol("C")
phi = transfer.tanh


def pair(function: transfer.Transfer, order: int, cov: sp.Expr = C) -> sp.Expr:
    x, y = gaussian_pair("x y", mean=mu, var=Delta_0, cov=cov)
    return E(function.d(order)(x) * function.d(order)(y))


@pytest.mark.parametrize("name", ["scs", "rank1-chaotic", "rank1-input-chaotic"])
def test_minus_the_slope_of_the_potential_is_the_acceleration(name: str) -> None:
    motion = models.by_name(name).motion
    assert motion is not None
    assert sp.expand(motion.potential(DELAY).diff(DELAY) + motion.acceleration) == 0
    assert sp.expand(motion.potential(DELAY).diff(DELAY, 2) + motion.stiffness) == 0


def test_price_backwards_is_undone_by_differentiating() -> None:
    term = 3 * g * C**2 + g**2 * pair(phi, 0) - 2 + pair(phi, 1) * E(phi(gaussian("x", var=Delta_0)) ** 2)
    assert sp.expand(price_backwards(term, C).diff(C) - term) == 0


@pytest.mark.parametrize("term", [sp.exp(C), 1 / C, C * pair(phi, 0), pair(phi, 0) ** 2, pair(phi, 0, 2 * C)])
def test_what_price_does_not_integrate_is_refused(term: sp.Expr) -> None:
    with pytest.raises(AverageError, match="cannot integrate"):
        price_backwards(term, C)


def test_energy_of_the_regular_equation() -> None:
    """``energy`` is ``regular_energy (start - end)^2/2`` up to what vanishes at rest."""
    motion = Motion(DELAY - g**2 * DELAY**3, start=Delta_0, end=mu)
    left = motion.energy - motion.regular_energy * (Delta_0 - mu) ** 2 / 2
    assert sp.expand(left - (motion.rest - motion.end) * (Delta_0 - mu)) == 0
    with pytest.raises(ModelError, match="white noise"):
        _ = scs.motion.regular_energy


def test_every_rewrite_carries_the_motion() -> None:
    model = models.by_name("rank1-chaotic")
    assert "delta" in str(model.motion.start)
    erf = model.with_transfer(transfer.erf)
    assert erf.motion is not None and erf.motion.acceleration != model.motion.acceleration
    fixed = fix_parameters(model, {"g": 2})
    assert fixed.motion is not None and not {"g"} & {s.name for s in fixed.motion.acceleration.free_symbols}
    boundary = indicator_zero(models.by_name("scs"), "onset_of_chaos", free="g")
    assert boundary.motion == models.by_name("scs").motion
    again = pickle.loads(pickle.dumps(model))
    assert again.motion == model.motion
    assert "Delta''" in str(model)


def test_a_motion_in_unknown_symbols_is_refused() -> None:
    with pytest.raises(ModelError, match="motion"):
        models.by_name("scs").changed(motion=Motion(DELAY - symbol("strange"), start=Delta_0))
    with pytest.raises(ModelError, match="must not depend"):
        Motion(DELAY, start=DELAY)


def test_unknowns_can_be_changed() -> None:
    ratio = unknown("ratio", nonnegative=True)
    (own,) = scs.MODEL.unknowns
    changed = change_unknowns(scs.MODEL, {own: ratio**2}, [ratio], inverse={ratio: sp.sqrt(own)})
    assert changed.motion is not None and changed.motion.start == ratio**2
