"""Which numbers of a model are measured in networks, and by which name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import sympy as sp

from meanfield.averages import E
from meanfield.averages.scope import substitute
from meanfield.dynamics.observables import autocovariance_profile, lambda_max
from meanfield.errors import ModelError, ParameterError
from meanfield.model import Model
from meanfield.networks import Numbers, network_of
from meanfield.simulate.estimates import lag_name
from meanfield.symbols import gaussian

__all__ = ["in_time", "measured_names", "natural_scale", "numbered", "value_of"]


def numbered(model: Model, name: str) -> str:
    """``mu_1`` for ``mu_E``, where E is the name of the first of several populations; any other name as it is."""
    populations = model.network.populations if model.network is not None else ()
    for k, population in enumerate(populations if len(populations) > 1 else ()):
        if population.name and name.endswith(f"_{population.name}"):
            return f"{name[: -len(population.name)]}{k + 1}"
    return name


def measured_names(model: Model, estimated: set[str]) -> dict[str, str]:
    """``{name in the model: name in the estimates}`` of every unknown, definition and observable that a network shows.

    By the names of the library's models, of several populations with their number or name, ``mu_1`` or ``mu_E``; and any
    observable, whatever its name, that is the same expression as one of ``<phi>, <phi^2>, <phi'>, <phi'^2>`` of the x of a
    population, or the bulk radius or its square of the only one.
    """
    names = [*(s.name for s in model.public_unknowns), *(s.name for s in model.definitions), *model.observables]
    found = {n: label for n in names if (label := numbered(model, n)) in estimated}
    standard = _standard(model)
    for name in (n for n in names if n not in found):
        expr = model.named(name)
        for label, same in standard.items():
            if sp.expand(expr - same) == 0:
                found[name] = label
    return found


def in_time(model: Model, lags: Sequence[float], lyapunov: bool) -> Model:
    """``model`` with the observables in time that networks are asked for: ``Delta(tau)`` at the lags, ``lambda_max``.

    What the model calls so already stays as it is: the same quantity may be written in other unknowns than those of its motion.
    Raises `ModelError` if it has no equation of motion.
    """
    if not lags and not lyapunov:
        return model
    if model.motion is None:
        raise ModelError(f"{model.name or model.title} has no equation of motion, so it has no Delta(tau) and no Lyapunov exponent")
    tau, Delta = autocovariance_profile(model.motion)
    more = {lag_name(lag): substitute(Delta, {tau: sp.Float(lag)}) for lag in lags}
    if lyapunov:
        more["lambda_max"] = lambda_max(model.motion)
    own = {**model.on_request, **model.indicators, **model.observables}
    return model.changed(observables={**model.observables, **{name: own.get(name, e) for name, e in more.items()}})


def _standard(model: Model) -> dict[str, sp.Expr]:
    """The expressions of what is measured, in the model's own unknowns."""
    network = network_of(model)
    found: dict[str, sp.Expr] = {}
    for k, population in enumerate(network.populations):
        ends = ("",) if len(network.populations) == 1 else (f"_{k + 1}", f"_{population.name}")
        variance = _first(model, [f"{name}{end}" for name in ("Delta_0", "Delta") for end in ends])
        if variance is None:
            continue
        mean = _first(model, [f"mu{end}" for end in ends])
        x, phi = gaussian("x", mean=sp.S.Zero if mean is None else mean, var=variance), population.transfer
        own = {"mean_phi": phi(x), "mean_square_phi": phi(x) ** 2, "mean_dphi": phi.d(1)(x), "mean_dphi2": phi.d(1)(x) ** 2}
        found |= {name + ends[0]: E(body) for name, body in own.items()}
    if "mean_dphi2" in found:
        square = network.variances[0, 0] * found["mean_dphi2"]
        found |= {"bulk_radius": sp.sqrt(square), "bulk_radius_squared": square}
    return found


def _first(model: Model, names: Sequence[str]) -> sp.Expr | None:
    """The expression of the first of the names that the model has."""
    for name in names:
        try:
            return model.named(name)
        except ParameterError:
            continue
    return None


def value_of(estimate: Mapping[str, float], name: str) -> float:
    """An estimate by name."""
    return estimate["bulk_radius"] ** 2 if name == "bulk_radius_squared" else estimate[name]


def natural_scale(name: str, theory: float, numbers: Numbers, sizes: Mapping[str, float]) -> float:
    """What a standard error is a share of: the value; of a value that is exactly 0, the size that it would have by chance in one
    neuron (the standard deviation of x for mu, its variance for autocovariances, ...).

    sizes: estimates that tell it, ``Delta_0``, ``mu`` and ``mean_square_phi`` of any population.
    """
    if theory != 0:
        return abs(theory)
    variance = max(_largest(sizes, "Delta_0"), _largest(sizes, "mu") ** 2)
    rate = np.sqrt(_largest(sizes, "mean_square_phi"))
    if name.startswith("Delta"):
        scale = variance
    elif name.startswith("kappa"):
        means, cov = numbers.law()
        n = numbers.low_rank[int(name[6:]) - 1 if name[6:].isdigit() else 0][1]
        scale = rate * np.sqrt(cov[(n, n)] + means[n] ** 2)
    elif name.startswith("mean_square_phi"):
        scale = rate**2
    else:
        scale = rate if name.startswith("mean_phi") else np.sqrt(variance)
    return float(scale) or 1.0


def _largest(sizes: Mapping[str, float], name: str) -> float:
    """Over the populations, whose number may stand behind the name; 0 if there is none."""
    return max((abs(v) for n, v in sizes.items() if re.fullmatch(rf"{name}(_\d+)?", n)), default=0.0)
