"""A variant of one's own: a rank-one network with a threshold-linear transfer function and a bias, in one file.

Run it for the mean activity against the gain; or give it to the command, which finds ``MODEL`` in it:
``meanfield solve examples/threshold_linear_network.py:MODEL -p g=0.8 -p M_m=1 -p M_n=-1 -p b=1``.
Writes threshold_linear_network.svg when run.
"""

import numpy as np

import meanfield as mf

mu, Delta_0 = mf.unknown("mu"), mf.unknown("Delta_0", nonnegative=True)
g, M_m, M_n, b = mf.parameters("g M_m M_n b", nonnegative="g")
phi = mf.transfer.relu
x = mf.gaussian("x", mean=mu, var=Delta_0)
kappa = mf.symbol("kappa")

MODEL = mf.Model(
    "rank-one network with threshold-linear units and a bias",
    name="threshold-linear-rank1",
    definitions={kappa: M_n * mf.average(phi(x))},
    equations={mu: M_m * kappa + b, Delta_0: g**2 * mf.average(phi(x) ** 2)},
    observables={"kappa": kappa},
    indicators={"chaos": g**2 * mf.average(phi.d(1)(x) ** 2) - 1},
    starts=[{mu: b, Delta_0: g**2 * b**2}],
)


def main() -> None:
    import matplotlib.pyplot as plt

    gains = np.linspace(0.1, 1.35, 26)
    figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
    for inhibition, colour in ((-0.5, "#0072b2"), (-1.0, "#d55e00"), (-2.0, "#009e73")):
        states = mf.solve(MODEL, g=gains, M_m=1.0, M_n=inhibition, b=1.0)
        assert states.found.all()
        axes.plot(gains, states["Delta_0"], color=colour, label=f"$M_n = {inhibition:g}$")
        last, error = states["Delta_0"][-1], states.error["Delta_0"][-1]
        print(f"M_n = {inhibition:g}: Delta_0 = {last:.10f} +- {error:.0e} at g = {gains[-1]:g}")
    axes.axvline(np.sqrt(2), color="k", ls=":", lw=1, label=r"$g=\sqrt{2}$: onset of chaos")
    axes.set(xlabel="$g$", ylabel=r"$\Delta_0$", yscale="log")
    figure.legend(loc="outside right upper", frameon=False)
    figure.savefig("threshold_linear_network.svg")


if __name__ == "__main__":
    main()
