"""Does the nearest fixed point steer the dynamics? The angle between the velocity and the flow linearised there.

Along a trajectory of one network, the cosine between the velocity and the flow linearised at the nearest fixed point, at a fixed
point chosen at random, and the direction straight to the nearest one. No mean-field equation describes this; it is an
observation on finite networks (Stubenrauch et al., arXiv:2210.07877). Writes velocity_and_fixed_points.svg.
Try ``--neurons 100 --starts 2048``; the default is smaller.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure

import meanfield as mf
from meanfield.plotting.style import style
from meanfield.simulate.orbits import orbit, steering


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=60)
    parser.add_argument("--starts", type=int, default=512)
    parser.add_argument("--g", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=2)
    options = parser.parse_args()

    N = options.neurons
    J = np.random.default_rng([N, options.seed]).normal(size=(N, N)) * options.g / np.sqrt(N)
    found = mf.find_fixed_points(J, starts=options.starts, progress=True)
    print(found)
    angles = steering(found, orbit(found.system, time=400.0))
    for name, mean in zip(("linearised at the nearest", "linearised at a random one", "straight to the nearest"), angles.means):
        print(f"{name}: mean cosine {mean:.3f}")
    with style():
        figure = Figure(figsize=(6.4, 2.8), layout="constrained")
        mf.plotting.steering_angles(angles, figure.add_subplot())
        figure.savefig("velocity_and_fixed_points.svg")


if __name__ == "__main__":
    main()
