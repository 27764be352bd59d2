"""Eigenvalues of sampled matrices beside the theory's radial distribution, with a test that knows their correlations.

Eigenvalues of one matrix are far from independent: they repel each other, so that counts in a region hardly fluctuate, while
what the matrix is made of (the activity, say) moves all of them together. The usual p-value of Kolmogorov and Smirnov would be
wrong both ways. What is independent is the networks. So the statistic is theirs, ``sup_r |F_pooled(r) - F(r)|``, and its
distribution comes from resampling whole networks (bootstrap): how far would the pooled distribution of other such networks be
from its own mean?

A finite matrix also differs from the limit by terms of order N^-1/2 (the edge is not sharp; real eigenvalues are too many), which
no number of networks averages away. The test can pass only as long as these are below the spread of the networks that were
taken; `RadialTest.spread` says how large that is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.errors import ParameterError
from meanfield.simulate.ensemble import Ensemble
from meanfield.simulate.run import Simulation
from meanfield.transfer import Transfer

__all__ = [
    "RadialTest",
    "distribution_of",
    "extrapolated_test",
    "fresh_moduli",
    "moduli_of",
    "paired_test",
    "radial_test",
    "typical_moduli",
]

Array = NDArray[np.float64]
CDF = Callable[[Array], Array]


@dataclass(frozen=True)
class RadialTest:
    """Pooled and theoretical fraction of eigenvalues within each distance r (R,), and how well they agree.

    statistic: ``sup |pooled - theory|``, and where. p_value: the share of resampled sets of networks that are further from the
    pool than the theory is. spread: the standard error of ``pooled`` over networks, (R,). iid_p_value: what Kolmogorov's
    formula would give if all eigenvalues were independent, for comparison only.
    """

    r: Array
    pooled: Array
    theory: Array
    spread: Array
    statistic: float
    where: float
    p_value: float
    iid_p_value: float
    networks: int
    eigenvalues: int

    def __str__(self) -> str:
        return (
            f"sup |F - F_theory| = {self.statistic:.4f} at r = {self.where:.2f}, p = {self.p_value:.3f} "
            f"({self.eigenvalues} eigenvalues of {self.networks} networks)"
        )


def moduli_of(source: Ensemble | Simulation) -> list[Array]:
    """Distances from -1 of the eigenvalues network by network: at all fixed points, or where the trajectories of a simulation end
    (its setting ``spectrum``). Networks without fixed points, or that ran away, are left out."""
    if isinstance(source, Simulation):
        found = [source.measured[k].eigenvalues for k in sorted(source.measured)]
    else:
        found = [n.eigenvalues for n in source.networks]
    return [np.asarray(abs(e + 1).ravel(), dtype=float) for e in found if e.size]


def radial_test(
    moduli: Sequence[ArrayLike], cdf: CDF, *, r: ArrayLike | None = None, resamples: int = 2000, seed: int = 0
) -> RadialTest:
    """Compare eigenvalues, given by their distances from the centre network by network, with a theoretical distribution.

    moduli: one array for each network; networks count by their numbers of eigenvalues. cdf: the theory, r (R,) -> F(r) (R,).
    r: where to look; by default 400 places up to just beyond the largest distance. Raises `ParameterError` for fewer than
    four networks.
    """
    return extrapolated_test({1: moduli}, {1: cdf}, r=r, resamples=resamples, seed=seed)


def extrapolated_test(
    moduli: Mapping[int, Sequence[ArrayLike]],
    references: Mapping[int, CDF],
    *,
    r: ArrayLike | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> RadialTest:
    """The same for networks of several sizes N, ``{N: moduli}``, whose differences to the theory are extrapolated to 1/N = 0.

    references: for each size the theory, best as it is for matrices of that size (`distribution_of`), so that the soft edge of a
    finite matrix drops out and what is extrapolated is of order 1/N. The result's pooled distribution is the largest size's
    reference plus the extrapolated difference. With a single size nothing is extrapolated.
    """
    if set(moduli) != set(references) or not moduli:
        raise ParameterError(f"give the theory for the sizes of the networks, {sorted(moduli)}, got {sorted(references)}")
    sizes = sorted(moduli)
    values = {N: [np.sort(np.ravel(np.asarray(m, dtype=float))) for m in moduli[N]] for N in sizes}
    largest = max(v[-1] for N in sizes for v in values[N])
    places = np.linspace(0.0, 1.05 * largest, 400) if r is None else np.asarray(r, dtype=float)
    rng = np.random.default_rng(seed)
    pools = {N: _pool(values[N], places, resamples, rng) for N in sizes}
    theory = {N: np.asarray(references[N](places), dtype=float) for N in sizes}
    share = _shares(sizes, [float(pools[N][1].std(axis=0).max()) for N in sizes])
    difference = sum((w * (pools[N][0] - theory[N]) for N, w in share.items()), np.zeros_like(places))
    deviations = sum((w * pools[N][1] for N, w in share.items()), np.zeros((resamples, len(places))))
    k = int(abs(difference).argmax())
    statistic, count = float(abs(difference[k])), sum(len(v) for N in sizes for v in values[N])
    return RadialTest(
        places,
        theory[sizes[-1]] + difference,
        theory[sizes[-1]],
        deviations.std(axis=0),
        statistic,
        float(places[k]),
        float((1 + (abs(deviations).max(axis=1) >= statistic).sum()) / (1 + resamples)),
        _kolmogorov(statistic, count),
        sum(map(len, values.values())),
        count,
    )


def paired_test(
    moduli: Sequence[ArrayLike], others: Sequence[ArrayLike], *, r: ArrayLike | None = None, resamples: int = 2000, seed: int = 0
) -> RadialTest:
    """Compare eigenvalues, network by network, with as many ``others`` of the same network (`fresh_moduli`), whose pooled
    distribution stands for the theory. What a network's eigenvalues and their partners have in common drops out, which makes the
    test sharper. Raises `ParameterError` for fewer than four networks, or other numbers of eigenvalues."""
    first, second = ([np.sort(np.ravel(np.asarray(m, dtype=float))) for m in values] for values in (moduli, others))
    if [len(v) for v in first] != [len(v) for v in second]:
        raise ParameterError("every network needs as many eigenvalues as it is compared with")
    largest = max((v[-1] for v in (*first, *second)), default=1.0)
    places = np.linspace(0.0, 1.05 * largest, 400) if r is None else np.asarray(r, dtype=float)
    counts = np.array([len(v) for v in first], dtype=float)
    ours, theirs = (np.array([np.searchsorted(v, places, side="right") for v in values], dtype=float) for values in (first, second))
    difference, deviations = _resampled(ours - theirs, counts, resamples, np.random.default_rng(seed))
    k, count = int(abs(difference).argmax()), int(counts.sum())
    statistic, theory = float(abs(difference[k])), theirs.sum(axis=0) / counts.sum()
    p_value = float((1 + (abs(deviations).max(axis=1) >= statistic).sum()) / (1 + resamples))
    spread, usual = deviations.std(axis=0), _kolmogorov(statistic, count)
    return RadialTest(places, theory + difference, theory, spread, statistic, float(places[k]), p_value, usual, len(first), count)


def fresh_moduli(ensemble: Ensemble, g: float, seed: int = 0) -> list[Array]:
    """Distances from -1 of the eigenvalues of ``-1 + J' diag(phi'(x))`` at the fixed points of an ensemble, with couplings J' drawn
    anew for each, of variance g^2/N.

    A fixed point's Jacobian is, in the theory, such a matrix: that x solves the equations with J changes J in few directions only.
    At small N the law of the coordinates themselves is still far from mu*; here it drops out.
    """
    rng, spread = np.random.default_rng(seed), g / np.sqrt(ensemble.neurons)
    out: list[Array] = []
    for n in ensemble.networks:
        if n.count:
            (slope,) = n.system.phi.jet([1], n.representatives)
            fresh = [np.linalg.eigvals(spread * rng.standard_normal((ensemble.neurons,) * 2) * d) for d in slope]
            out.append(np.asarray(abs(np.concatenate(fresh)), dtype=float))
    return out


def _pool(values: Sequence[Array], places: Array, resamples: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """The pooled distribution (R,) of one size, and how far those of resampled sets of networks are from it (resamples, R)."""
    counts = np.array([len(v) for v in values], dtype=float)
    return _resampled(np.array([np.searchsorted(v, places, side="right") for v in values], dtype=float), counts, resamples, rng)


def _resampled(within: Array, counts: Array, resamples: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Sums over networks, of shape (K, R), per eigenvalue: all of them (R,), and resampled sets less all (resamples, R)."""
    K = len(counts)
    if K < 4:
        raise ParameterError(f"a test by resampling networks needs at least four of them, got {K}")
    pooled = within.sum(axis=0) / counts.sum()
    drawn = rng.multinomial(K, np.full(K, 1 / K), size=resamples).astype(float)
    # The spread of resampled networks is too small by (K - 1)/K.
    return pooled, np.sqrt(K / (K - 1)) * (drawn @ within / (drawn @ counts)[:, None] - pooled)


def _shares(sizes: Sequence[int], errors: Sequence[float]) -> dict[int, float]:
    """The weight with which each size enters the intercept of a weighted line in 1/N."""
    if len(sizes) == 1:
        return {sizes[0]: 1.0}
    e = np.maximum(np.array(errors), 1e-6)
    design = np.stack([np.ones(len(sizes)), 1 / np.array(sizes, dtype=float)], axis=1) / e[:, None]
    return dict(zip(sizes, (np.linalg.pinv(design)[0] / e).tolist(), strict=True))


def typical_moduli(density: CDF, width: float, g: float, phi: Transfer, neurons: int, matrices: int, seed: int = 0) -> list[Array]:
    """Distances from -1 of the eigenvalues of ``-1 + J diag(phi'(y))``, y independent with the given density, matrix by matrix.

    density: y (M,) -> (M,), such as the profile of ``kac-rice``; width: its standard deviation, which sets how far it is
    tabulated. J has independent normal entries of variance g^2/N.
    """
    y = np.linspace(-12 * width, 12 * width, 8001)
    weight = np.asarray(density(y), dtype=float)
    cumulative = (np.cumsum(weight) - weight / 2) / weight.sum()
    rng = np.random.default_rng(seed)
    out: list[Array] = []
    for _ in range(matrices):
        (slope,) = phi.jet([1], np.interp(rng.uniform(size=neurons), cumulative, y))
        J = rng.normal(size=(neurons, neurons)) * (g / np.sqrt(neurons))
        out.append(np.asarray(abs(np.linalg.eigvals(J * slope)), dtype=float))
    return out


def distribution_of(moduli: Sequence[Array]) -> CDF:
    """The pooled distribution of samples as a function of r."""
    pooled = np.sort(np.concatenate(moduli))
    return lambda r: np.searchsorted(pooled, r, side="right") / len(pooled)


def _kolmogorov(statistic: float, n: int) -> float:
    from scipy.special import kolmogorov

    return float(kolmogorov(np.sqrt(n) * statistic))
