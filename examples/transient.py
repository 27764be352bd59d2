"""A network with white noise forgets its initial state: variance and autocovariance on the way to the stationary state.

Left: variance from three initial states, in theory (`two_time`) and in one network of 1000 neurons; dashed: the stationary value.
Right: C(t + tau, t) after several times t beside the stationary autocovariance (`stationary_spectrum`). Writes transient.svg.
"""

import numpy as np
from matplotlib.figure import Figure

import meanfield as mf
from meanfield.plotting.style import LINES, PAGE, style

G, NOISE = 2.0, 0.1
STARTS = np.array([0.1, 1.0, 4.0])
NEURONS, DURATION, STEP = 1000, 30.0, 0.05
AFTER = (1.0, 4.0, 20.0)


def network(variance: float, seed: int) -> np.ndarray:
    """Mean square of x (n,) of one network, at the times of the theory; noise and decay are exact over a step."""
    rng = np.random.default_rng(seed)
    J = rng.normal(0, G / np.sqrt(NEURONS), (NEURONS, NEURONS))
    x = np.sqrt(variance) * rng.normal(size=NEURONS)
    decay, size = np.exp(-STEP), np.sqrt(NOISE * (1 - np.exp(-2 * STEP)))
    squares = [x @ x / NEURONS]
    for _ in range(round(DURATION / STEP)):
        drive = J @ np.tanh(x)
        ahead = decay * x + (1 - decay) * drive
        x = ahead + (1 - (1 - decay) / STEP) * (J @ np.tanh(ahead) - drive) + size * rng.normal(size=NEURONS)
        squares.append(x @ x / NEURONS)
    return np.array(squares)


run = mf.two_time(mf.transfer.tanh, g=G, sigma_squared=NOISE, variance=STARTS, duration=DURATION, dt=STEP)
still = mf.stationary_spectrum(mf.transfer.tanh, g=G, sigma_squared=NOISE)

with style():
    figure = Figure(figsize=(PAGE, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.axhline(float(still.Delta_0), color="k", ls="--", lw=1, label="stationary")
    for k, variance in enumerate(STARTS):
        left.plot(run.t, run.Delta_0[k], color=LINES[k + 1], label=rf"$\Delta_0(0) = {variance:g}$")
        left.plot(run.t[::20], network(variance, seed=k)[::20], ".", color=LINES[k + 1], ms=4)
        error = run.error["Delta_0"][k].max()
        print(f"from {variance:g}: Delta_0({DURATION:g}) = {run.Delta_0[k, -1]:.8f}, errors up to {error:.0e} on the way")
    left.plot([], [], ".", color="gray", ms=4, label=f"a network, N = {NEURONS}")
    left.set(xlabel="$t$", ylabel=r"$\Delta_0(t)$", xlim=(0, DURATION), ylim=(0, None))

    steps = round(10 / STEP)
    for j, t in enumerate(AFTER):
        later = round(t / STEP) + np.arange(steps)
        row = run.C[0, later, np.arange(steps)]  # C(t + tau, t), from the smallest initial variance
        right.plot(run.lags[:steps], row, color=LINES[j + 1], label=f"$t = {t:g}$")
    right.plot(run.lags[:steps], still.Delta(run.lags[:steps]), "k--", lw=1, label="stationary")
    right.set(xlabel=r"$\tau$", ylabel=r"$C(t + \tau, t)$", xlim=(0, 10), ylim=(0, None))
    for ax in (left, right):
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3 if ax is left else 2)
    figure.savefig("transient.svg")
print(f"stationary Delta_0 = {still.Delta_0:.10f} +- {still.error['Delta_0']:.0e}")
