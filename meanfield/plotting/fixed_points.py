"""Pictures of fixed points of finite networks beside their theory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.plotting.style import FILLS, LINES, new_axes, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from meanfield.simulate.ensemble import Ensemble
    from meanfield.simulate.fixed_points import FixedPoints
    from meanfield.simulate.orbits import Steering
    from meanfield.solve import Solution

__all__ = ["completeness_curve", "coordinates", "eigenvalue_cloud", "radial_spectrum", "shells", "steering_angles"]

_BLACK, _ORANGE, _BLUE, _GREEN = LINES[:4]


def shells(ensemble: Ensemble, orbits: Sequence[ArrayLike], lines: Mapping[str, float], ax: Axes | None = None) -> Axes:
    """Distances from the origin, ``|x|^2/N``, of all fixed points and of the points of orbits.

    orbits: arrays (T, N). lines: ``{label: value}`` of the theory, drawn as vertical lines in the order fixed points, orbits.
    """
    with style():
        ax = ax if ax is not None else new_axes()
        still = np.concatenate([n.mean_square for n in ensemble.networks])
        moving = np.concatenate([np.mean(np.square(x), axis=1) for x in orbits])
        edges = np.linspace(0, 1.02 * max(still.max(), np.quantile(moving, 0.999)), 40).tolist()
        looks = ((still, FILLS[0], _BLUE, "fixed points"), (moving, FILLS[1], _ORANGE, "dynamics"))
        for values, fill, line, name in looks:
            ax.hist(values, edges, density=True, histtype="stepfilled", facecolor=fill, edgecolor=line, alpha=0.8, label=name)
        for (label, value), colour, dash in zip(lines.items(), (_BLUE, _ORANGE, _BLACK), ("--", "-.", ":"), strict=False):
            ax.axvline(value, color=colour, linestyle=dash, label=f"{label} = {value:.4g}")
        ax.set(xlabel=r"distance from the origin, $|x|^2/N$", ylabel="density", xlim=(0, edges[-1]))
        _legend(ax)
    return ax


def coordinates(ensemble: Ensemble, state: Solution, ax: Axes | None = None, bins: int = 41) -> Axes:
    """Histogram of the coordinates of fixed points, with errors over networks, and the theory's density mu*."""
    with style():
        ax = ax if ax is not None else new_axes()
        reach = 4.2 * float(np.sqrt(state["mean_square"]))
        edges = np.linspace(-reach, reach, bins + 1)
        pooled = ensemble.density(edges)
        middle = (edges[1:] + edges[:-1]) / 2
        ax.errorbar(middle, pooled.value, pooled.error, fmt="o", ms=2.5, lw=0.8, color=_BLUE, label=_networks(ensemble))
        fine = np.linspace(-reach, reach, 401)
        ax.plot(fine, state.profile("density", fine), color=_BLACK, label=r"$\mu^*(y)$")
        normal = np.exp(-(fine**2) / (2 * state["mean_square"])) / np.sqrt(2 * np.pi * state["mean_square"])
        ax.plot(fine, normal, color=_ORANGE, linestyle=":", label="normal, same variance")
        ax.set(xlabel="$y$", ylabel="density", xlim=(-reach, reach))
        _legend(ax)
    return ax


def radial_spectrum(moduli: Sequence[ArrayLike], states: Mapping[str, Solution], ax: Axes | None = None, bins: int = 24) -> Axes:
    """Radial density of eigenvalues about -1: sampled, with errors over networks, and ``F'(r)/(2 pi r)`` up to the edge.

    Logarithmic, because the density is large at the centre, where the eigenvalues of saturated neurons are.

    moduli: distances from -1, network by network. states: ``{label: solution}`` with the profile ``radial_density``.
    """
    from meanfield.simulate.pooled import pooled_mean

    with style():
        ax = ax if ax is not None else new_axes()
        values = [np.ravel(np.asarray(m, dtype=float)) for m in moduli]
        edges = np.linspace(0, 1.03 * max(v.max() for v in values), bins + 1)
        area = np.pi * np.diff(edges**2)
        pooled = pooled_mean([np.histogram(v, edges)[0] / area for v in values], [len(v) for v in values])
        middle = (edges[1:] + edges[:-1]) / 2
        label = f"{sum(map(len, values))} eigenvalues\nof {len(values)} networks"
        # Where only few eigenvalues are, an error bar would reach below zero.
        below = np.minimum(pooled.error, 0.9 * pooled.value)
        ax.errorbar(middle, pooled.value, [below, pooled.error], fmt="o", ms=2.5, lw=0.8, color=_BLUE, label=label)
        r = np.linspace(middle[0] / 2, edges[-1], 400)
        for (name, state), colour, dash in zip(states.items(), (_BLACK, _ORANGE, _GREEN), ("-", "--", "-."), strict=False):
            density = np.where(r < state["bulk_radius"], state.profile("radial_density", r), np.nan)
            ax.plot(r, density, color=colour, linestyle=dash, label=name)
        ax.axvline(1.0, color="0.5", lw=0.6, linestyle=":", label="distance of the axis")
        ax.set(xlabel=r"$r = |\lambda + 1|$", ylabel=r"$F'(r) / 2 \pi r$", xlim=(0, edges[-1]), yscale="log")
        _legend(ax)
    return ax


def eigenvalue_cloud(eigenvalues: ArrayLike, radius: float | None = None, ax: Axes | None = None) -> Axes:
    """Eigenvalues in the complex plane, the theory's circle of the given radius about -1, and the imaginary axis."""
    with style():
        ax = ax if ax is not None else new_axes()
        z = np.ravel(np.asarray(eigenvalues))
        ax.plot(z.real, z.imag, ".", ms=1.0, alpha=0.6, color=_BLUE, rasterized=True, label="eigenvalues")
        if radius is not None:
            angle = np.linspace(0, 2 * np.pi, 200)
            ax.plot(radius * np.cos(angle) - 1, radius * np.sin(angle), color=_BLACK, label=f"radius {radius:.4g}")
        ax.axvline(0.0, color=_ORANGE, lw=0.8, linestyle="--", label=r"$\mathrm{Re}\,\lambda = 0$")
        ax.set(xlabel=r"$\mathrm{Re}\,\lambda$", ylabel=r"$\mathrm{Im}\,\lambda$", aspect="equal")
        _legend(ax)
    return ax


def steering_angles(steering: Steering, ax: Axes | None = None) -> Axes:
    """Cosines between the velocity and what the nearest, and a random, fixed point would impose."""
    with style():
        ax = ax if ax is not None else new_axes()
        edges = np.linspace(-1, 1, 41).tolist()
        looks: tuple[tuple[NDArray[np.float64], str, Any, str], ...] = (
            (steering.linearised, _BLUE, "-", "flow linearised at\nthe nearest fixed point"),
            (steering.control, _ORANGE, "--", "the same at a random one"),
            (steering.towards, _GREEN, "-.", "straight to the nearest one"),
        )
        for values, colour, dash, name in looks:
            label = f"{name}: mean {values.mean():.2f}"
            ax.hist(values, edges, density=True, histtype="step", color=colour, linestyle=dash, label=label)
        ax.set(xlabel="cosine of the angle to the velocity", ylabel="density", xlim=(-1, 1))
        _legend(ax)
    return ax


def completeness_curve(found: FixedPoints, ax: Axes | None = None) -> Axes:
    """Distinct fixed points found against the number of starts, and how many there are by Chao's estimate, with its interval."""
    with style():
        ax = ax if ax is not None else new_axes()
        starts, estimate = np.arange(1, found.starts + 1), found.estimate
        ax.plot(starts, found.curve, color=_BLUE, label=f"found: {found.count}")
        ax.axhline(estimate.value, color=_BLACK, linestyle="--", label=f"estimated: {estimate.value:.0f} ± {estimate.error:.0f}")
        ax.axhspan(estimate.low, estimate.high, color=FILLS[0], lw=0, label="95 % interval")
        ax.set(xlabel="starts", ylabel="distinct fixed points", xlim=(0, found.starts), ylim=(0, None))
        _legend(ax)
    return ax


def _networks(ensemble: Ensemble) -> str:
    return f"{int(ensemble.counts.sum())} fixed points of\n{len(ensemble.networks)} networks, N = {ensemble.neurons}"


def _legend(ax: Axes) -> None:
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0)
