"""How a structured state of a rank-one network ends in chaos as its random part grows (Mastrogiuseppe & Ostojic 2018, fig. 1).

One call follows the states from the quiescent one (kappa = 0) and from the structured ones (kappa forked) through the onset of
chaos into the fluctuating state, and on to where the structure is lost and homogeneous chaos remains. Top: activity along m;
middle and bottom: variance and its static part. Writes rank1_bifurcations.svg.
"""

import meanfield as mf

parameters = {"M_m": 1.1, "M_n": 2.0, "Sigma_m": 1.0}
forest = mf.bifurcation_diagram(mf.models.by_name("rank1-stationary"), "g", (0.0, 4.0), **parameters)

(onset,) = {round(e.at["g"], 9) for e in forest.events("chaos") if e.unknowns["mu"] != 0 and e.at["g"] > 1.1}
merger = next(e for e in forest.events("pitchfork") if e.branch.model.name == "rank1-chaotic")
print(f"the structured state starts to fluctuate at g = {onset:.9f}")
print(f"its structure is lost at g = {merger.at['g']:.9f} +- {merger.error['g']:.0e}")
assert abs(onset - 1.795899300) < 2e-9 and abs(merger.at["g"] - 2.1357916902) < 1e-9

figure = mf.plotting.bifurcation_panels(forest, ["kappa", "Delta_0", "Delta_inf"])
figure.savefig("rank1_bifurcations.svg")
