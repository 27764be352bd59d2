"""How many fixed points has a random network? The topological complexity against the gain, from the Kac-Rice saddle point.

Dashed: the two limits that hold for every saturating odd transfer function, (16/81) (g - 1)^3 near the transition and 0.26424
for strong coupling. Writes kac_rice_complexity.svg.
"""

import matplotlib.pyplot as plt
import numpy as np

import meanfield as mf

gains = np.concatenate([np.linspace(1.1, 3, 12), np.linspace(3.5, 12, 10)])
model = mf.models.by_name("kac-rice")

figure, axes = plt.subplots(figsize=(5, 3.4), layout="constrained")
for name, colour in (("tanh", "#0072b2"), ("erf", "#d55e00")):
    states = mf.solve(model, transfer=name, g=gains, D=0.0)
    assert states.found.all()
    axes.plot(gains, states["complexity"], "o-", ms=3, color=colour, label=name)
    print(f"{name}: complexity at g = {gains[-1]:g} is {states['complexity'][-1]:.6f} +- {states.error['complexity'][-1]:.0e}")
near = np.linspace(1, 1.9, 50)
axes.plot(near, 16 / 81 * (near - 1) ** 3, "k--", lw=1, label=r"$\frac{16}{81}(g-1)^3$")
axes.axhline(0.264239325143, color="k", ls=":", lw=1, label=r"$g\to\infty$")
axes.set(xlabel="$g$", ylabel=r"complexity $\frac{1}{N}\ln\,\mathrm{E}\,N_{\mathrm{fp}}$", ylim=(0, 0.3))
figure.legend(loc="outside right upper", frameon=False)
figure.savefig("kac_rice_complexity.svg")
