"""Rank-one networks beside their theory: chaos in a structured state, and a response to input that has memory.

The figures of Mastrogiuseppe & Ostojic (2018) with simulated networks on top. First: activity along m, variance and its static part
as the random part g grows; every dot is a network, the bars are their mean and its standard error. Second: the response to an
input that overlaps with n by Sigma_nI, at rest and fluctuating; where two states coexist, a network stays in the one near which it
starts (triangles up and down), until that ends in a fold. Where networks are close to a boundary, some fall on its other side: they
are shown, not averaged away. Writes rank1_networks.svg and rank1_networks_input.svg. A few minutes with ``--full``.
"""

import argparse
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import meanfield as mf
from meanfield.plotting.style import style
from meanfield.simulate import Start
from meanfield.simulate.summary import summary

BLUE = "#0072b2"


def networks(model: mf.Model, neurons: int, count: int, start: Start, mirrored: bool, **parameters: float) -> dict[str, Any]:
    """What each network shows, by name; those with kappa < 0 mirrored where the theory has that symmetry."""
    settings = {"trajectories": 2, "transient": 60, "time": 60, "precision": "float32", "orthogonal": True, "start": start}
    runs = mf.simulate(model, neurons=neurons, networks=count, settings=settings, **parameters)
    return dict(summary(runs, symmetric=mirrored).per_network)


def onto(ax: Any, at: float, values: Any) -> None:
    """One dot for each network, and the mean with its standard error."""
    ax.plot([at] * len(values), values, ".", ms=3, color=BLUE, alpha=0.5, zorder=5, label="networks")
    error = values.std(ddof=1) / np.sqrt(len(values))
    ax.errorbar([at], [values.mean()], [error], fmt="_", ms=7, color=BLUE, capsize=2, lw=1, zorder=6, label="mean and its error")


def legend(figure: Figure, names: tuple[str, ...], where: str) -> None:
    """A legend of these labels of the first panel, once each."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    shown = dict(zip(labels, handles, strict=True))
    with style():
        figure.legend([shown[name] for name in names], names, loc=where, ncols=1 if "right" in where else len(names))


def growing_disorder(options: argparse.Namespace) -> None:
    """kappa, Delta_0 and Delta_inf against g."""
    stationary, chaotic = (mf.models.by_name(f"rank1-{kind}") for kind in ("stationary", "chaotic"))
    held = {"M_m": 1.1, "M_n": 2.0, "Sigma_m": 1.0}
    forest = mf.bifurcation_diagram(stationary, "g", (0.0, 3.2), **held)
    quantities = ["kappa", "Delta_0", "Delta_inf"]
    figure = mf.plotting.bifurcation_panels(forest, quantities)
    start = Start(mean=1.0, variance=3.0, kappa=(1.0,))
    for g in np.linspace(0.3, 3.0, 28 if options.full else 9):
        found = networks(chaotic, options.neurons, options.networks, start, True, g=g, **held)
        moves = found["Delta_T"] > 1e-6  # at rest there is no static part to tell apart
        for ax, name in zip(figure.axes, quantities, strict=True):
            if name != "Delta_inf" or moves.sum() > 1:
                onto(ax, g, found[name][moves] if name == "Delta_inf" else found[name])
        print(f"g = {g:.3f}: " + ", ".join(f"{name} = {v.mean():.3f}" for name, v in found.items() if name in quantities))
    legend(figure, ("networks", "mean and its error"), "outside right lower")
    figure.savefig("rank1_networks.svg")


def memory(options: argparse.Namespace) -> None:
    """kappa against the overlap of the input with n, from two starts."""
    models = [mf.models.by_name("rank1-input-stationary"), mf.models.by_name("rank1-input-chaotic")]
    held = {"M_m": 3.5, "M_n": 1.0, "Sigma_m": 1.0, "Sigma_n": 1.0, "Sigma_perp": 1.0}
    with style():
        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        axes = figure.subplots(2, 1, sharex=True, sharey=True)
        for ax, g, model in zip(axes, (0.8, 2.4), models, strict=True):
            mf.plotting.bifurcation_diagram(mf.bifurcation_diagram(models, "Sigma_nI", (-1.0, 1.0), g=g, **held), "kappa", ax)
            for sign, marker, name in ((1, "^", "networks that start above"), (-1, "v", "that start below")):
                start = Start(mean=3.5 * sign, variance=4.0, kappa=(float(sign),))
                for overlap in np.linspace(-0.9, 0.9, 19 if options.full else 5):
                    found = networks(model, options.neurons, options.networks, start, False, g=g, Sigma_nI=overlap, **held)
                    at = overlap + 0.012 * sign
                    ax.plot([at] * len(found["kappa"]), found["kappa"], marker, ms=4, mfc="none", mew=0.8, color=BLUE, label=name)
            ax.set_title(f"$g = {g}$")
        legend(figure, ("networks that start above", "that start below"), "outside lower center")
        figure.savefig("rank1_networks_input.svg")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=None, help="default 500; 1000 with --full")
    parser.add_argument("--networks", type=int, default=None, help="at each place; default 3; 10 with --full")
    parser.add_argument("--full", action="store_true", help="more places, more and larger networks")
    options = parser.parse_args()
    options.neurons = options.neurons or (1000 if options.full else 500)
    options.networks = options.networks or (10 if options.full else 3)
    growing_disorder(options)
    memory(options)


if __name__ == "__main__":
    main()
