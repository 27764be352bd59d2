"""The response of a rank-one network to an input along its structure has memory (Mastrogiuseppe & Ostojic 2018, input-driven case).

The input overlaps with the vector n by Sigma_nI. With a strong structure (M_m M_n = 3.5) two stable states coexist: the network
that was set to kappa < 0 stays there against an input that pushes it up, until that state ends in a fold and the activity
jumps to the other one. The same at a larger random connectivity, where the states fluctuate. Writes rank1_hysteresis.svg.
"""

from matplotlib.figure import Figure

import meanfield as mf
from meanfield.plotting.style import style

models = [mf.models.by_name("rank1-input-stationary"), mf.models.by_name("rank1-input-chaotic")]
held = {"M_m": 3.5, "M_n": 1.0, "Sigma_m": 1.0, "Sigma_n": 1.0, "Sigma_perp": 1.0}

with style():
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    for ax, g in zip(figure.subplots(2, 1, sharex=True, sharey=True), (0.8, 2.4), strict=True):
        forest = mf.bifurcation_diagram(models, "Sigma_nI", (-1.0, 1.0), g=g, **held)
        mf.plotting.bifurcation_diagram(forest, "kappa", ax)
        for fold in forest.events("fold"):
            at, error = fold.at["Sigma_nI"], fold.error["Sigma_nI"]
            print(f"g = {g:g}: fold of {fold.branch.model.name} at Sigma_nI = {at:.10f} +- {error:.0e}")
    figure.savefig("rank1_hysteresis.svg")
