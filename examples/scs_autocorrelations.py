"""Autocorrelations of a random network: chaotic states without noise, and what white noise does to them.

Without noise correlations are flat at zero delay and last ever longer towards the onset of chaos at g = 1. White noise makes a
kink, and the stronger it is, the sooner the network forgets. Below: power spectra, exponential for chaos, algebraic with
noise. Sompolinsky, Crisanti & Sommers (1988); Schuecker, Goedeke & Helias (2018). Writes scs_autocorrelations.svg.
"""

import matplotlib.pyplot as plt
import numpy as np

import meanfield as mf

COLOURS = ["#000000", "#0072b2", "#009e73", "#e69f00", "#d55e00"]
tau, omega = np.linspace(0, 25, 251), np.linspace(0, 5, 101)
model = mf.models.by_name("scs")

figure, axes = plt.subplots(2, 2, figsize=(8.2, 5.4), layout="constrained")
for column, (name, values, fixed) in enumerate(
    (("g", [1.2, 1.5, 2, 4, 10], {"sigma_squared": 0.0}), ("sigma_squared", [0, 0.05, 0.2, 1, 4], {"g": 1.8}))
):
    states = mf.solve(model, **{name: np.array(values, dtype=float)}, **fixed)
    assert states.found.all()
    covariance, error = mf.autocovariance(states, tau)
    power, _ = mf.power_spectrum(states, omega)
    assert error.max() < 1e-8
    for k, (value, colour) in enumerate(zip(values, COLOURS, strict=True)):
        symbol = "g" if name == "g" else r"\sigma^2"
        axes[0, column].plot(tau, covariance[k] / covariance[k, 0], color=colour, label=f"${symbol} = {value}$")
        axes[1, column].semilogy(omega, power[k] / covariance[k, 0], color=colour)
        print(f"{name} = {value}: half width {states['tau_half'][k]:.6f} +- {states.error['tau_half'][k]:.0e}")
    axes[0, column].set(xlabel=r"delay $\tau$", ylim=(0, 1.02), title="no noise" if name == "g" else "white noise, $g = 1.8$")
    axes[1, column].set(xlabel=r"frequency $\omega$", ylim=(1e-5, 60))
    axes[0, column].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize="small")
axes[0, 0].set_ylabel(r"$\Delta(\tau)/\Delta_0$")
axes[1, 0].set_ylabel(r"$S(\omega)/\Delta_0$")
figure.savefig("scs_autocorrelations.svg")
