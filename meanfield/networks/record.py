"""The Network: a finite random network as data, in the symbols of the model whose equations describe it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from meanfield.errors import ModelError
from meanfield.transfer import Transfer
from meanfield.transfer.token import X

__all__ = ["INPUT", "Network", "Population", "network"]

INPUT = "I"
"""The name of the frozen input among the Gaussian vectors of a network."""


@dataclass(frozen=True)
class Population:
    """Neurons that are alike.

    transfer: phi. fraction: their share of all neurons. drift: f(x), an expression in `meanfield.transfer.token.X`; by default
    -x. means: ``{vector: mean}`` and covariances: ``{(vector, vector): covariance}`` of the jointly Gaussian entries of the
    network's vectors (those of its low-rank part, and "I", the frozen input); what is left out is 0, ("m", "m") is a variance.
    """

    transfer: Transfer
    name: str = ""
    fraction: sp.Expr = sp.S.One
    drift: sp.Expr = -X
    means: Mapping[str, sp.Expr] = field(default_factory=dict)
    covariances: Mapping[tuple[str, str], sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fraction", sp.sympify(self.fraction))
        object.__setattr__(self, "drift", sp.sympify(self.drift))
        object.__setattr__(self, "means", {k: sp.sympify(v) for k, v in self.means.items()})
        object.__setattr__(self, "covariances", {k: sp.sympify(v) for k, v in self.covariances.items()})

    def mapped(self, change: Callable[[sp.Basic], sp.Basic]) -> Population:
        """The same with ``change`` applied to every expression."""
        return replace(
            self,
            transfer=change(self.transfer),
            fraction=change(self.fraction),
            drift=change(self.drift),
            means={k: change(v) for k, v in self.means.items()},
            covariances={k: change(v) for k, v in self.covariances.items()},
        )


@dataclass(frozen=True)
class Network:
    """A random network of N neurons; its numbers are expressions in the parameters of a model.

    For neuron i of the population a,

    ``x_i' = f_a(x_i) + sum_j J_ij phi_b(x_j) + I_i + xi_i``,  ``<xi_i(t) xi_j(s)> = 2 sigma_squared delta_ij delta(t - s)``,
    ``J_ij = sqrt(V_ab / N) chi_ij + C_ab / N + sum_k m^(k)_i n^(k)_j / N``,  chi_ij independent standard normal.

    populations: at least one `Population`. variances: the (P, P) matrix V (row: target; one population: ((g^2,),)). couplings:
    the (P, P) matrix C of mean couplings (one population: J_0). low_rank: pairs of names of the vectors (m, n), so that
    ``kappa_k = (1/N) sum_j n^(k)_j phi(x_j)``. sigma_squared: intensity of the white noise. defaults: values, in the other
    parameters, of parameters that the network has and its mean-field equations do not need.
    Raises `ModelError` if the parts do not fit together.
    """

    populations: tuple[Population, ...]
    variances: sp.ImmutableMatrix
    couplings: sp.ImmutableMatrix
    low_rank: tuple[tuple[str, str], ...] = ()
    sigma_squared: sp.Expr = sp.S.Zero
    defaults: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("populations", tuple(self.populations))
        put("variances", sp.ImmutableMatrix(self.variances))
        put("couplings", sp.ImmutableMatrix(self.couplings))
        put("low_rank", tuple((str(m), str(n)) for m, n in self.low_rank))
        put("sigma_squared", sp.sympify(self.sigma_squared))
        put("defaults", {s: sp.sympify(v) for s, v in self.defaults.items()})
        _check(self)

    @property
    def vectors(self) -> tuple[str, ...]:
        """Names of the Gaussian vectors: m^(1), n^(1), m^(2), ... and the input last."""
        return (*dict.fromkeys(name for pair in self.low_rank for name in pair), INPUT)

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """Every symbol in which the network is written, by name."""
        found: set[sp.Symbol] = set()

        def look(e: sp.Basic) -> sp.Basic:
            found.update(e.free_symbols)
            return e

        self.mapped(look)
        return tuple(sorted((found | set(self.defaults)) - {X}, key=lambda s: s.name))

    def mapped(self, change: Callable[[sp.Basic], sp.Basic]) -> Network:
        """The network with ``change`` applied to every expression and transfer function in it."""
        return Network(
            tuple(p.mapped(change) for p in self.populations),
            self.variances.applyfunc(change),
            self.couplings.applyfunc(change),
            self.low_rank,
            change(self.sigma_squared),
            {s: change(v) for s, v in self.defaults.items()},
        )


def network(
    transfer: Transfer,
    *,
    strength: Any = 0,
    coupling: Any = 0,
    low_rank: Sequence[tuple[str, str]] = (),
    means: Mapping[str, Any] | None = None,
    covariances: Mapping[tuple[str, str], Any] | None = None,
    sigma_squared: Any = 0,
    drift: Any = -X,
    defaults: Mapping[sp.Symbol, Any] | None = None,
) -> Network:
    """A `Network` of one population.

    transfer: phi. strength: g, the couplings having the variance g^2/N. coupling: J_0, their mean being J_0/N. low_rank:
    ``[("m", "n")]`` adds ``m n^T / N``. means, covariances: of the vectors named there and of the frozen input "I":
    ``means={"m": M_m, "I": M_I}``, ``covariances={("m", "m"): Sigma_m**2, ("m", "I"): Sigma_mI, ("I", "I"): Sigma_I_squared}``.
    sigma_squared: white noise, ``<xi xi> = 2 sigma_squared delta``. drift: f(x) in ``x' = f(x) + ...``, in
    `meanfield.transfer.token.X`. defaults: see `Network`. Raises `ModelError` if the parts do not fit together.
    """
    population = Population(transfer, drift=drift, means=means or {}, covariances=covariances or {})
    g = sp.sympify(strength)
    return Network((population,), [[g**2]], [[sp.sympify(coupling)]], tuple(low_rank), sigma_squared, defaults or {})


def _check(network: Network) -> None:
    count = len(network.populations)
    if count == 0:
        raise ModelError("a network needs at least one population; give populations=[Population(transfer)]")
    for name in ("variances", "couplings"):
        shape = getattr(network, name).shape
        if shape != (count, count):
            raise ModelError(f"a network of {count} populations needs {name} of shape {(count, count)}, got {shape}")
    known = network.vectors
    if any(INPUT in pair for pair in network.low_rank):
        raise ModelError(f"the vectors of a low-rank part need names of their own, not {INPUT!r}; got {list(network.low_rank)}")
    for p in network.populations:
        if not isinstance(p.transfer, Transfer):
            raise ModelError(f"a population needs a transfer function such as mf.transfer.tanh, got {p.transfer!r}")
        _check_names(p, known)


def _check_names(population: Population, known: tuple[str, ...]) -> None:
    named = [*population.means, *(name for pair in population.covariances for name in pair)]
    strange = [name for name in named if name not in known]
    if strange:
        raise ModelError(f"the network has no vector {strange[0]!r}; it has {', '.join(known)}")
    for first, second in population.covariances:
        if first != second and (second, first) in population.covariances:
            raise ModelError(f"the covariance of {first!r} and {second!r} is given twice; give one of the two")
