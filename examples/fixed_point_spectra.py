"""Eigenvalues of the Jacobian at fixed points: a disk about -1 whose radial density is known, of which a part is unstable.

Top: the eigenvalues at all fixed points of several networks. Bottom: their radial density beside the theory for infinite
networks, F'(r)/(2 pi r), and beside a theory whose gain is 5 % too large. At finite N the edge is soft; tests of the difference
resample networks, and compare with matrices of the same size. Writes fixed_point_spectra.svg.
A minute for ``--neurons 100 --networks 40``; the default is smaller.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure

import meanfield as mf
from meanfield.plotting.style import style
from meanfield.simulate.many_networks import sample_fixed_points
from meanfield.simulate.overlay import distribution_of, moduli_of, radial_test, typical_moduli


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=50)
    parser.add_argument("--networks", type=int, default=10)
    parser.add_argument("--starts", type=int, default=512)
    parser.add_argument("--g", type=float, default=2.0)
    options = parser.parse_args()

    model, g, N = mf.models.by_name("kac-rice"), options.g, options.neurons
    state, wrong = (mf.solve(model, g=gain, D=0.0) for gain in (g, 1.05 * g))
    ensemble = sample_fixed_points(model, neurons=N, networks=options.networks, starts=options.starts, g=g, D=0.0)
    moduli = moduli_of(ensemble)
    width = float(np.sqrt(state["mean_square"]))
    samples = typical_moduli(lambda y: state.profile("density", y), width, g, mf.transfer.tanh, N, 400)

    print(f"unstable fraction: theory {state['fraction_unstable']:.5f}, networks {ensemble.fraction_unstable}")
    print(f"outside of |lambda + 1| = 1: theory {state['fraction_outside']:.5f}, networks {ensemble.fraction_outside}")
    print(f"bulk radius: theory {state['bulk_radius']:.5f}, networks {ensemble.bulk_radius}")
    print(f"beside the limit N -> infinity: {radial_test(moduli, lambda r: state.profile('radial_cdf', r))}")
    print(f"beside matrices of the same size: {radial_test(moduli, distribution_of(samples))}")
    with style():
        figure = Figure(figsize=(7.2, 5.2), layout="constrained")
        top, bottom = figure.subplots(2, 1, height_ratios=(1.3, 1))
        mf.plotting.eigenvalue_cloud(
            np.concatenate([n.eigenvalues.ravel() for n in ensemble.networks if n.count]), state["bulk_radius"], top
        )
        mf.plotting.radial_spectrum(moduli, {f"theory, $g = {g:g}$": state, f"$g = {1.05 * g:g}$": wrong}, bottom)
        figure.savefig("fixed_point_spectra.svg")


if __name__ == "__main__":
    main()
