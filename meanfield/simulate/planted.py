"""Networks with a fixed point planted: averages over all fixed points of finite networks, without a search.

The Kac-Rice formula is exact for any number of neurons: with ``y(x) = -x + J phi(x) + I``,

    E sum over fixed points of f = int dx p(y(x) = 0) E[|det y'(x)| f | y(x) = 0].

The rows of y are normal of variance ``K + D``, ``K = (g^2/N) sum phi^2``, and J under the condition ``y(x) = 0`` is J drawn freely
plus a correction of rank one (G. Matheron's rule). So x is drawn from a proposal, a network that has x for a fixed point is drawn,
and it counts by ``p |det y'| / proposal``: no fixed point is missed, and none is easier to find than others. What is averaged is
of real networks of N neurons; only their frequency comes from the formula, which `sample_fixed_points` checks at small N.

The proposal is a mixture over K of independent coordinates with the law that maximises the entropy at this K, and rows of J are
taken by what they contribute to ``|det|`` (`meanfield.simulate.chosen_rows`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from meanfield.errors import ModelError, ParameterError
from meanfield.networks import bind_model
from meanfield.progress import ProgressOption, reporting
from meanfield.simulate.chosen_rows import chosen_rows
from meanfield.simulate.fixed_points import FixedPoints, System
from meanfield.simulate.fixed_points.workers import available_cores, in_order
from meanfield.simulate.kac_rice import Beside, beside_tallies
from meanfield.simulate.tally import MEANS, Tally
from meanfield.solve import Solution
from meanfield.transfer import Transfer

__all__ = [
    "BLOCK",
    "Proposal",
    "beside_planted",
    "beside_searched",
    "check_effective",
    "effective_samples",
    "planted_block",
    "planted_fixed_points",
]

Array = NDArray[np.float64]

BLOCK = 64
"""Samples that are drawn together."""
_GRID = 8001  # values of a coordinate, over so many standard deviations to each side
_WIDTH = 9.0
_BELOW, _ABOVE, _LAWS = 0.02, 3.0, 60  # of the theory's variance: laws of the mixture
_EVENLY = 0.1  # share of the mixture that does not follow the theory
_FEWEST = 50.0  # samples that count, in effect, below which no average is given


def planted_fixed_points(
    state: Solution,
    *,
    neurons: int,
    samples: int = 4096,
    seed: int = 0,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: ProgressOption = None,
) -> list[Tally]:
    """A fixed point of a random network each, with its weight for a count: what `pooled` and `log_count` average.

    state: a solution of ``kac-rice`` at one parameter point, which guides the proposal; it biases nothing. samples: rounded up to
    blocks of 64; an eigenvalue problem of N neurons each. seed: of all random numbers; the result does not depend on the number
    of workers. Raises `ModelError` for a model that is not ``kac-rice``, and `ParameterError` for sizes that make no sense, or
    where so few samples count that their spread says nothing.
    """
    for name, value in (("neurons", neurons), ("samples", samples)):
        if not isinstance(value, int | np.integer) or value < 1:
            raise ParameterError(f"{name} must be a positive whole number, got {value!r}")
    proposal = Proposal.of(state)
    blocks = range(-(-samples // BLOCK))
    found: list[Tally] = []
    with reporting(progress) as report:
        report.start(len(blocks) * BLOCK, f"networks with a fixed point planted, N = {neurons}")
        for block in in_order(planted_block, (proposal, neurons, seed), blocks, executor, workers or available_cores()):
            found += block
            report.advance(BLOCK)
    check_effective(found)
    return found


def check_effective(tallies: Sequence[Tally]) -> None:
    """Raises `ParameterError` where so few samples count that their spread says nothing."""
    if (effective := effective_samples(tallies)) < _FEWEST:
        raise ParameterError(f"only {effective:.0f} of {len(tallies)} samples count in effect; take more of them, or fewer neurons")


def effective_samples(tallies: Sequence[Tally]) -> float:
    """How many samples of equal weight would be as good: ``(sum w)^2 / sum w^2``."""
    weights = np.array([t.count for t in tallies])
    return float(weights.sum() ** 2 / (weights**2).sum())


def beside_planted(
    state: Solution, *, neurons: Sequence[int] = (50, 100, 200), samples: int = 4096, seed: int = 0, workers: int | None = None
) -> list[Beside]:
    """The theory's complexity and averages against networks with planted fixed points, extrapolated in 1/N from three sizes or
    more; see `meanfield.simulate.kac_rice.beside_theory`."""
    return beside_tallies(
        {N: planted_fixed_points(state, neurons=N, samples=samples, seed=seed, workers=workers) for N in neurons}, state
    )


@dataclass(frozen=True)
class Proposal:
    """Laws ``exp(-y^2/(2 beta)) sqrt(1 + alpha phi'^2) exp(gamma phi^2 - log_norm)`` (L,), their complexity, and what the
    determinant has beside its exponential growth."""

    phi: Transfer
    g: float
    D: float
    beta: Array
    alpha: Array
    gamma: Array
    log_norm: Array
    complexity: Array
    prefactor: Array

    @classmethod
    def of(cls, state: Solution) -> Proposal:
        """From a solution of ``kac-rice``. Raises `ModelError` for one of another model."""
        from scipy.optimize import root

        model = state.kernel.model
        if not {"alpha", "beta", "gamma"} <= {s.name for s in model.public_unknowns} or "complexity" not in model.observables:
            raise ModelError(f"fixed points are planted by a solution of kac-rice, got one of {model.name or model.title}")
        middle = float(state["beta"])
        numbers = bind_model(model, **state.parameters)
        phi, g, D = numbers.populations[0].transfer, float(numbers.parameters["g"]), float(numbers.parameters["D"])

        def off(x: Array, beta: float) -> Array:
            """Of alpha, gamma from the maximum of the entropy at ``g^2 <phi^2> + D = beta``."""
            weight, f2, s2, _ = _law(phi, g, beta, max(x[0], 0.0), x[1])
            return np.array([g * g * (weight @ f2) / (beta - D) - 1, weight @ (s2 / (1 + max(x[0], 0.0) * s2 / g**2)) - 1])

        rows = []
        for end in (_BELOW, _ABOVE):
            x = np.array([float(state["alpha"]), float(state["gamma"])])
            for beta in middle * np.geomspace(1.0, end, _LAWS)[0 if end < 1 else 1 :]:
                found = root(off, x, args=(beta,)) if beta > D * (1 + 1e-6) else None
                if found is None or not found.success or not np.isfinite(found.x).all():
                    break
                x = found.x
                alpha, gamma = max(float(x[0]), 0.0), float(x[1])
                weight, f2, _, log_norm = _law(phi, g, float(beta), alpha, gamma)
                exponent = log_norm - np.log(2 * np.pi * beta) / 2 - alpha / (2 * g * g) - gamma * float(weight @ f2)
                rows.append((beta, alpha, gamma, log_norm, exponent, _prefactor(phi, g, float(beta), alpha, weight)))
        return cls(phi, g, D, *np.array(sorted(rows)).T)

    def mixture(self, neurons: int) -> Array:
        """Shares of the laws (L,)."""
        width = np.gradient(np.log(self.beta))
        share = np.exp(neurons * (self.complexity - self.complexity.max())) * width * self.prefactor
        return np.asarray((1 - _EVENLY) * share / share.sum() + _EVENLY * width / width.sum())

    def log_density(self, x: Array, f: Array, slope: Array, share: Array) -> float:
        """Of a point x (N,), with its phi and phi'."""
        logs = np.log1p(self.alpha[:, None] * slope**2).sum(axis=1) / 2 - len(x) * self.log_norm + np.log(share)
        logs += self.gamma * (f @ f) - (x @ x) / (2 * self.beta)
        return float(np.logaddexp.reduce(logs))


def _law(phi: Transfer, g: float, beta: float, alpha: float, gamma: float) -> tuple[Array, Array, Array, float]:
    """Weights on a grid of y, phi^2 and (g phi')^2 there, and the logarithm of the norm."""
    y = np.sqrt(beta) * np.linspace(-_WIDTH, _WIDTH, _GRID)
    f, slope = phi.jet([0, 1], y)
    logs = -(y**2) / (2 * beta) + np.log1p(alpha * slope**2) / 2 + gamma * f**2
    weight = np.exp(logs - logs.max())
    log_norm = float(np.log(weight.sum() * (y[1] - y[0])) + logs.max())
    return weight / weight.sum(), f**2, (g * slope) ** 2, log_norm


def _prefactor(phi: Transfer, g: float, beta: float, alpha: float, weight: Array) -> float:
    """What the terms of rank one, that ``y(x) = 0`` adds to mean and covariance of y', make of the root of ``<det^2>``.

    ``<det^2> = int dz e^-z det(M^T M + z C)`` for independent rows of covariance C about those of M: in Laplace's expansion, k rows
    that fluctuate contribute ``k!`` times minors of C, and ``k! = int dz z^k e^-z``. Stubenrauch et al., arXiv:2210.07877, take
    these determinants to leading order, for which the terms of rank one do not matter. Here, with ``v = phi phi'``,
    ``M = -1 + (g^2/(N beta)) x v^T`` and ``C = (g^2/N) (diag(phi'^2) - (g^2/(N beta)) v v^T)``, at ``z = N alpha/g^2``.
    """
    y = np.sqrt(beta) * np.linspace(-_WIDTH, _WIDTH, _GRID)
    f, slope = phi.jet([0, 1], y)
    columns = np.stack([y, f * slope])
    inner = (columns * (weight / (1 + alpha * slope**2))) @ columns.T
    rate = g * g / beta
    mixing = rate * np.array([[0.0, -1.0], [-1.0, rate * float(weight @ y**2) - alpha]])
    return float(np.sqrt(max(np.linalg.det(np.eye(2) + inner @ mixing), 1e-4)))


def planted_block(proposal: Proposal, neurons: int, seed: int, block: int) -> list[Tally]:
    """One block of samples, a function of seed, size and its number."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(neurons, block)))
    share = proposal.mixture(neurons)
    out = []
    for k in rng.choice(len(share), size=BLOCK, p=share / share.sum()):
        law = (float(v[k]) for v in (proposal.beta, proposal.alpha, proposal.gamma))
        grid, below = _table(proposal.phi, proposal.g, *law)
        cell = np.minimum(np.searchsorted(below, rng.random(neurons)), _GRID - 1)
        x = grid[cell] + (grid[1] - grid[0]) * (rng.random(neurons) - 0.5)
        out.append(_planted(proposal, x, share, rng))
    return out


@lru_cache(maxsize=256)
def _table(phi: Transfer, g: float, beta: float, alpha: float, gamma: float) -> tuple[Array, Array]:
    """The grid of a law, and the probabilities below its values."""
    return np.sqrt(beta) * np.linspace(-_WIDTH, _WIDTH, _GRID), np.cumsum(_law(phi, g, beta, alpha, gamma)[0])


def _planted(proposal: Proposal, x: Array, share: Array, rng: np.random.Generator) -> Tally:
    """A network with the fixed point x, and its weight."""
    N, g, D, phi = len(x), proposal.g, proposal.D, proposal.phi
    f, slope = phi.jet([0, 1], x)
    variance = g * g * float(f @ f) / N + D
    J, log_det = chosen_rows(x, f, slope, g * g / N, variance, rng)
    symmetric = phi.traits.parity == "odd" and D == 0
    one = FixedPoints(System(J, phi, x - J @ f), x[None], np.zeros(1, np.int32), symmetric, "planted")
    log_weight = log_det - N * np.log(2 * np.pi * variance) / 2 - (x @ x) / (2 * variance)
    weight = float(np.exp(log_weight - proposal.log_density(x, f, slope, share)))
    sums = {name: weight * float(mean(one)[0]) for name, mean in MEANS.items()}
    return Tally(weight, weight, 1, sums)


def beside_searched(
    searched: Mapping[int, Sequence[Tally]], planted: Mapping[int, Sequence[Tally]], state: Solution
) -> list[Beside]:
    """Searched networks ``{N: tallies}`` beside the theory, extrapolated along planted ones instead of along a line in 1/N.

    Both have the same averages at every size, whose way to infinity takes larger networks than can be searched: from N = 40 to 100
    a line in 1/N misses several percent. So planted networks serve as control variates. Of the sizes that were searched the mean
    of the differences, which are 0 but for errors, is added to the limit of the other planted sizes: as independent of
    one another as the random numbers. The line has no slope (NaN), and its chi_squared is that of the differences. Raises
    `ParameterError` unless every size that was searched was planted too, and three others.
    """
    others = {N: t for N, t in planted.items() if N not in searched}
    if not searched or len(others) < 3 or any(N not in planted for N in searched):
        raise ParameterError(
            f"planted networks of every size that was searched, {sorted(searched)}, and of three larger ones are needed; "
            f"got {sorted(planted)}"
        )
    limits = {row.quantity: row for row in beside_tallies(others, state)}
    found = []
    for row, same in zip(beside_tallies(searched, state), beside_tallies({N: planted[N] for N in searched}, state), strict=True):
        pairs = [(row.sizes[N], same.sizes[N]) for N in row.sizes]
        difference = np.array([float(a.value - b.value) for a, b in pairs])
        error = np.array([float(np.hypot(a.error, b.error)) for a, b in pairs])
        shift, known = float((difference / error**2).sum() / (error**-2.0).sum()), float((error**-2.0).sum() ** -0.5)
        far = limits[row.quantity]
        assert far.line is not None
        line = replace(
            far.line,
            intercept=far.line.intercept + shift,
            slope=np.nan,
            intercept_error=float(np.hypot(far.line.intercept_error, known)),
            chi_squared=float((((difference - shift) / error) ** 2).sum()),
            degrees=len(pairs) - 1,
        )
        found.append(replace(row, line=line, extrapolation=far.extrapolation))
    return found
