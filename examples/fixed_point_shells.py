"""Fixed points of a chaotic network lie in a shell inside that of its dynamics, and many of their neurons are switched off.

Top: distances from the origin of the fixed points of several networks and of their trajectories, with the two mean-field
values, <y^2> of the Kac-Rice saddle point and Delta_0 of dynamic mean-field theory. Bottom: the coordinates of fixed points
follow mu*, with its peak at zero, and no normal law (Stubenrauch et al., arXiv:2210.07877). Networks count by their numbers of
fixed points. Writes fixed_point_shells.svg. A minute for ``--neurons 100 --networks 40``; the default is smaller.
"""

import argparse

from matplotlib.figure import Figure

import meanfield as mf
from meanfield.plotting.style import style
from meanfield.simulate.many_networks import sample_fixed_points
from meanfield.simulate.orbits import orbit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=50)
    parser.add_argument("--networks", type=int, default=8)
    parser.add_argument("--starts", type=int, default=512)
    parser.add_argument("--g", type=float, default=2.0)
    options = parser.parse_args()

    kac_rice = mf.models.by_name("kac-rice")
    fixed = mf.solve(kac_rice, g=options.g, D=0.0)
    moving = mf.solve(mf.models.by_name("scs"), g=options.g, sigma_squared=0.0)
    ensemble = sample_fixed_points(
        kac_rice, neurons=options.neurons, networks=options.networks, starts=options.starts, progress=True, g=options.g, D=0.0
    )
    orbits = [orbit(n.system, time=200.0, interval=2.0, seed=k) for k, n in enumerate(ensemble.networks)]

    print(f"complete to {ensemble.completeness.value:.1%}")
    print(f"<y^2>: theory {fixed['mean_square']:.5f} +- {fixed.error['mean_square']:.0e}, networks {ensemble.mean_square}")
    print(f"Delta_0: theory {moving['Delta_0']:.5f} +- {moving.error['Delta_0']:.0e}")
    with style():
        figure = Figure(figsize=(7.2, 4.6), layout="constrained")
        top, bottom = figure.subplots(2, 1)
        lines = {r"$\langle y^2\rangle_{\mu^*}$": fixed["mean_square"], r"$\Delta_0$": moving["Delta_0"]}
        mf.plotting.shells(ensemble, orbits, lines, top)
        mf.plotting.coordinates(ensemble, fixed, bottom)
        figure.savefig("fixed_point_shells.svg")


if __name__ == "__main__":
    main()
