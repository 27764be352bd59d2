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
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from meanfield.errors import ParameterError
from meanfield.progress import ProgressOption, reporting
from meanfield.simulate.chosen_rows import chosen_rows
from meanfield.simulate.finite_size import FiniteSize
from meanfield.simulate.fixed_points import FixedPoints, System
from meanfield.simulate.fixed_points.workers import available_cores, in_order
from meanfield.simulate.kac_rice import Beside, beside_tallies
from meanfield.simulate.laws import GRID
from meanfield.simulate.proposal import Proposal, table
from meanfield.simulate.tally import MEANS, Tally
from meanfield.solve import Solution

__all__ = [
    "BLOCK",
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
        raise ParameterError(
            f"only {effective:.0f} of {len(tallies)} samples count in effect; take more of them, or networks of another size"
        )


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


def planted_block(proposal: Proposal, neurons: int, seed: int, block: int) -> list[Tally]:
    """One block of samples, a function of seed, size and its number."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(neurons, block)))
    share = proposal.mixture(neurons)
    out = []
    for k in rng.choice(len(share), size=BLOCK, p=share / share.sum()):
        laws = proposal.laws
        grid, below = table(proposal.units, *(float(v[k]) for v in (laws.beta, laws.alpha, laws.gamma)))
        cell = np.minimum(np.searchsorted(below, rng.random(neurons)), GRID - 1)
        x = grid[cell] + (grid[1] - grid[0]) * (rng.random(neurons) - 0.5)
        out.append(_planted(proposal, x, share, rng))
    return out


def _planted(proposal: Proposal, x: Array, share: Array, rng: np.random.Generator) -> Tally:
    """A network with the fixed point x, and its weight."""
    N, units, phi = len(x), proposal.units, proposal.units.phi
    g, D = units.g, units.D
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
    searched: Mapping[int, Sequence[Tally]],
    planted: Mapping[int, Sequence[Tally]],
    state: Solution,
    finite: FiniteSize | None = None,
) -> list[Beside]:
    """Searched networks ``{N: tallies}`` beside the theory, extrapolated along planted ones instead of along a line of their own.

    Both have the same averages at every size, but it takes less time to plant a fixed point than to find all. So planted networks
    serve as control variates: the mean of the differences at the sizes that were searched, which are 0 but for errors, is added to
    the limit of all planted sizes. finite: as for `beside_tallies`. The line has no slope (NaN), and its chi_squared is that of the
    differences, or of the line through planted ones, whichever fits worse. Raises `ParameterError` unless every size that was
    searched was planted too, and three sizes at least.
    """
    if not searched or len(planted) < 3 or any(N not in planted for N in searched):
        raise ParameterError(
            f"planted networks of every size that was searched, {sorted(searched)}, and of three at least are needed; "
            f"got {sorted(planted)}"
        )
    finite = finite or FiniteSize.of(state)
    limits = beside_tallies(planted, state, finite)
    return [_led(row, limit) for row, limit in zip(beside_tallies(searched, state, finite), limits, strict=True)]


def _led(row: Beside, limit: Beside) -> Beside:
    """One row of searched networks with the limit of planted ones. These enter twice, and their errors are counted once."""
    assert limit.line is not None
    other = {N: limit.sizes[N] for N in row.sizes}
    difference = np.array([float(row.sizes[N].value - other[N].value) for N in other])
    variance = np.array([float(row.sizes[N].error ** 2 + other[N].error ** 2) for N in other])
    weights = dict(zip(other, (1 / variance) / (1 / variance).sum(), strict=True))
    shift = sum(w * d for w, d in zip(weights.values(), difference, strict=True))
    errors = [w * float(row.sizes[N].error) for N, w in weights.items()]
    errors += [(s - weights.get(N, 0.0)) * float(p.error) for s, (N, p) in zip(limit.line.shares, limit.sizes.items(), strict=True)]
    fits = [
        (float(((difference - shift) ** 2 / variance).sum()), len(difference) - 1),
        (limit.line.chi_squared, limit.line.degrees),
    ]
    chi_squared, degrees = max(fits, key=lambda fit: fit[0] / max(fit[1], 1))
    line = replace(
        limit.line,
        intercept=limit.line.intercept + float(shift),
        slope=np.nan,
        intercept_error=float(np.linalg.norm(errors)),
        chi_squared=chi_squared,
        degrees=degrees,
    )
    return replace(row, line=line, extrapolation=limit.extrapolation)
