"""Two phase diagrams with traced boundaries.

How many fixed points a random network has: below D_c(g), the variance of its frozen input at which alpha vanishes,
exponentially many (Kac-Rice), above it one. And a rank-one network with an input along its structure: two states coexist in
a wedge whose sides are folds, of stationary states and beyond the onset of chaos of chaotic ones, and meet in cusps. Writes
kac_rice_phases.svg and rank1_input_phases.svg.
"""

import meanfield as mf

models = {name: mf.models.by_name(name) for name in mf.models.names()}

fixed_points = mf.diagram(
    [models["kac-rice"], models["kac-rice-single"]], plane=("g", "D"), window=((1.001, 10), (0, 3000)), points=8
)
(critical,) = fixed_points.curves
(low, high), errors = critical.points[[0, -1]], critical.errors
print(f"D_c({low[0]:g}) = {low[1]:.6e}, (4/3)(g - 1)^3 = {4 / 3 * (low[0] - 1) ** 3:.6e}")
print(f"D_c({high[0]:g}) = {high[1]:.10f} +- {errors[-1, 1]:.0e}; {len(critical.points)} points")

states = mf.diagram(
    [models["rank1-input-stationary"], models["rank1-input-chaotic"]],
    plane=("g", "M_I"),
    window=((0, 3), (-0.6, 0.6)),
    points=16,
    M_m=1,
    M_n=3,
)
for corner in states.corners:
    at = ", ".join(f"{name} = {value:.10f} +- {corner.error[name]:.0e}" for name, value in corner.at.items())
    print(f"{corner.type} of {', '.join(corner.curves)}: {at}")

for picture, name in ((fixed_points, "kac_rice_phases.svg"), (states, "rank1_input_phases.svg")):
    print(picture.certificate)
    assert picture.certificate and not picture.failures
    picture.plot(save=name)
