"""All fixed points of one network: a search that can be left overnight, interrupted, resumed and made longer.

The sources show a network of 100 neurons with about 40 000 fixed points; ln(40000)/100 = 0.106 is near the complexity at g = 5.
Such a search needs millions of starts:

    python forty_thousand_fixed_points.py --neurons 100 --starts 5000000 --save forty_thousand.nc

Ctrl-C, or a crash, loses nothing that is finished: the same command goes on. The default is a small network, most of whose fixed
points are found in seconds. Writes forty_thousand_fixed_points.svg: fixed points found against starts, and how many are missing.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure

import meanfield as mf
from meanfield.plotting.style import style


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=30)
    parser.add_argument("--starts", type=int, default=3072)
    parser.add_argument("--g", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", default="forty_thousand.nc", help="file of the search; delete it to begin anew")
    options = parser.parse_args()

    N = options.neurons
    J = np.random.default_rng([N, options.seed]).normal(size=(N, N)) * options.g / np.sqrt(N)
    found = mf.find_fixed_points(J, starts=options.starts, save=options.save, progress=True)

    state = mf.solve(mf.models.by_name("kac-rice"), g=options.g, D=0.0)
    print(found)
    print(f"estimated: {found.estimate}; next success is a known one with probability {found.coverage[0]:.3f}")
    if found.count:
        print(f"ln(count)/N = {np.log(found.count) / N:.4f}; complexity {state['complexity']:.6f} for N -> infinity")
        print(f"largest claimed error of a coordinate: {found.error.max():.0e}")
    with style():
        figure = Figure(figsize=(6.4, 2.8), layout="constrained")
        ax = mf.plotting.completeness_curve(found, figure.add_subplot())
        ax.set_title(f"one network, $N = {N}$, $g = {options.g:g}$")
        figure.savefig("forty_thousand_fixed_points.svg")


if __name__ == "__main__":
    main()
