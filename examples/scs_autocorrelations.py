"""Autocorrelations of a random network: chaotic states without noise, and what white noise does to them, beside simulated networks.

Without noise correlations are flat at zero delay and last ever longer towards the onset of chaos at g = 1. White noise makes a
kink, and the stronger it is, the sooner the network forgets. Circles are means over simulated networks, bars their standard errors.
Towards the onset networks differ more and more, and some come to rest, where the theory fluctuates: they are told and left out.
Below: power spectra, exponential for chaos, algebraic with noise. Sompolinsky, Crisanti & Sommers (1988); Schuecker, Goedeke &
Helias (2018). Writes scs_autocorrelations.svg. Some minutes with ``--full``.
"""

import argparse
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

import meanfield as mf
from meanfield.simulate.estimates import estimates
from meanfield.simulate.summary import at_rest

COLOURS = ["#000000", "#0072b2", "#009e73", "#e69f00", "#d55e00"]
PANELS = [("g", [1.2, 1.5, 2, 4, 10], {"sigma_squared": 0.0}), ("sigma_squared", [0, 0.05, 0.2, 1, 4], {"g": 1.8})]
TAU, OMEGA = np.linspace(0, 25, 251), np.linspace(0, 5, 101)
LAGS = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 13.0, 16.0, 20.0, 24.0)


def correlations(model: mf.Model, options: argparse.Namespace, **parameters: float) -> Any:
    """``Delta(tau)/Delta_0`` of each network at the lags (K, L), without trajectories at rest."""
    settings = {"trajectories": 2, "transient": 100, "time": options.time, "lags": LAGS, "precision": "float32", "orthogonal": True}
    runs = mf.simulate(model, neurons=options.neurons, networks=options.networks, settings=settings, **parameters)
    found = []
    for m in runs.measured.values():
        moving = np.flatnonzero(~at_rest(m)) if not runs.numbers.sigma_squared else range(2)
        if len(moving):
            values = estimates(m, runs.numbers, runs.settings, moving)
            found.append([values[f"Delta({tau:g})"] / values["Delta_0"] for tau in LAGS])
    return np.array(found)


def column(
    axes: Any, model: mf.Model, name: str, values: list[float], fixed: dict[str, float], options: argparse.Namespace
) -> None:
    """Autocorrelations above, spectra below, for several values of one parameter."""
    states = mf.solve(model, **{name: np.array(values, dtype=float)}, **fixed)
    assert states.found.all()
    covariance, error = mf.autocovariance(states, TAU)
    power, _ = mf.power_spectrum(states, OMEGA)
    assert error.max() < 1e-8
    for k, (value, colour) in enumerate(zip(values, COLOURS, strict=True)):
        symbol = "g" if name == "g" else r"\sigma^2"
        axes[0].plot(TAU, covariance[k] / covariance[k, 0], color=colour, label=f"${symbol} = {value}$")
        axes[1].semilogy(OMEGA, power[k] / covariance[k, 0], color=colour)
        found = correlations(model, options, **{name: value}, **fixed)
        mean, bars = found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(len(found))
        axes[0].errorbar(LAGS, mean, bars, fmt="o", ms=2.5, mfc="white", mew=0.7, lw=0.7, color=colour)
        print(f"{name} = {value}: half width {states['tau_half'][k]:.6f} +- {states.error['tau_half'][k]:.0e}; ", end="")
        print(f"correlation after 4 {np.interp(4, TAU, covariance[k] / covariance[k, 0]):.3f}, ", end="")
        print(f"of {len(found)} of {options.networks} networks {mean[3]:.3f} +- {bars[3]:.3f}")
    axes[0].set(xlabel=r"delay $\tau$", ylim=(-0.25, 1.02), title="no noise" if name == "g" else "white noise, $g = 1.8$")
    axes[1].set(xlabel=r"frequency $\omega$", ylim=(1e-5, 60))
    axes[0].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize="small")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=None, help="default 500; 1000 with --full")
    parser.add_argument("--networks", type=int, default=None, help="of each kind; default 6; 12 with --full")
    parser.add_argument("--full", action="store_true", help="larger networks, and more of them, for a longer time")
    options = parser.parse_args()
    options.neurons = options.neurons or (1000 if options.full else 500)
    options.networks = options.networks or (12 if options.full else 6)
    options.time = 400 if options.full else 200
    figure, axes = plt.subplots(2, 2, figsize=(8.2, 5.4), layout="constrained")
    for pair, (name, values, fixed) in zip(axes.T, PANELS, strict=True):
        column(pair, mf.models.by_name("scs"), name, values, fixed, options)
    axes[0, 0].set_ylabel(r"$\Delta(\tau)/\Delta_0$")
    axes[1, 0].set_ylabel(r"$S(\omega)/\Delta_0$")
    figure.savefig("scs_autocorrelations.svg")


if __name__ == "__main__":
    main()
