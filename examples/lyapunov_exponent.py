"""The Lyapunov exponent of a random network, and how noise suppresses chaos.

Left: the exponent against the gain, with its limit (g - 1)^2/2 near the onset. Right: with white noise the network is locally
unstable (some directions expand) from the dashed line on, but chaotic only beyond the full one; where these are, is traced.
Schuecker, Goedeke & Helias, PRX 8, 041029 (2018), figs. 3 and 5. Writes lyapunov_exponent.svg.
"""

import matplotlib.pyplot as plt
import numpy as np

import meanfield as mf

scs = mf.models.by_name("scs").asking("lambda_max")
COLOURS = {"local_instability": "#0072b2", "lambda_max": "#d55e00"}

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")

excess = np.geomspace(1e-3, 19, 30)
for name, style in (("tanh", "-"), ("erf", "--")):
    states = mf.solve(scs, transfer=name, g=1 + excess)
    left.loglog(excess, states["lambda_max"], style, color="k", label=name)
    print(f"{name}: lambda_max at g = 20 is {states['lambda_max'][-1]:.10f} +- {states.error['lambda_max'][-1]:.0e}")
left.loglog(excess[excess < 0.6], excess[excess < 0.6] ** 2 / 2, ":", color=COLOURS["lambda_max"], label="$(g-1)^2/2$")
left.set(xlabel="$g - 1$", ylabel=r"$\lambda_{\max}$")
left.legend(frameon=False, loc="upper left")

window = ((1.0, 3.0), (0.02, 2.0))  # of g and the intensity of the noise
g, noise = np.meshgrid(np.linspace(*window[0], 25), np.linspace(*window[1], 20))
exponent = mf.solve(scs, g=g, sigma_squared=noise)["lambda_max"]
largest = float(np.abs(exponent).max())
shades = right.pcolormesh(
    g, np.sqrt(noise), exponent, cmap="RdBu_r", vmin=-largest, vmax=largest, shading="gouraud", rasterized=True
)
branch = mf.follow(mf.solve(scs, g=1.0, sigma_squared=0.5), along="g", to=3.0)
for event in branch.events("indicator"):
    if event.name in COLOURS:
        curve = mf.trace(event, plane=("g", "sigma_squared"), window=window)
        label = "locally unstable" if event.name == "local_instability" else r"chaotic, $\lambda_{\max} > 0$"
        style = "--" if event.name == "local_instability" else "-"
        right.plot(curve.smooth[:, 0], np.sqrt(curve.smooth[:, 1]), style, color="k", lw=1.6, label=f"right of it: {label}")
        print(f"{event.name} = 0 at sigma_squared = 0.5: g = {event.at['g']:.10f} +- {event.error['g']:.0e}")
right.set(xlabel="$g$", ylabel=r"$\sigma$", xlim=window[0])
figure.colorbar(shades, ax=right, label=r"$\lambda_{\max}$")
right.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, fontsize="small")
figure.savefig("lyapunov_exponent.svg")
