"""Averages in print, the way a paper writes them: text, LaTeX and Jupyter; and pickles read by another process."""

import pickle
import subprocess
import sys
from pathlib import Path

import sympy as sp

from meanfield.averages import E, divided_difference, log_norm
from meanfield.symbols import distributed, gaussian, gaussian_pair, standard_normal, symbol, tilted, uniform
from meanfield.transfer import relu
from meanfield.transfer import tanh as phi

mu, D0, Dinf, g, a = [symbol(n) for n in ("mu", "Delta_0", "Delta_inf", "g", "a")]
x = gaussian("x", mean=mu, var=D0)
u, v = gaussian_pair("u v", mean=mu, var=D0, cov=Dinf)
z = standard_normal("z")
y = tilted("y", var=D0, log_tilt=lambda y: a * phi(y) ** 2)


def test_text() -> None:
    assert str(E(phi(x) ** 2)) == "<phi(x)**2>_{mu, Delta_0}"
    assert str(g**2 * E(phi.d(1)(u) * phi.d(1)(v))) == "g**2*<phi'(x)*phi'(y)>_{mu, Delta_0, Delta_inf}"
    assert str(E(phi.d(-1)(x))) == "<Phi(x)>_{mu, Delta_0}"
    assert str(E(phi(y))) == "<phi(y)>_{mu*}"
    assert str(E(phi(uniform("t")))) == "<phi(s)>_{[0,1]}"
    assert str(uniform("t").law) == "Uniform()"


def test_latex_and_jupyter() -> None:
    assert sp.latex(E(phi(x) ** 2)) == r"\left\langle \phi\left(x\right)^{2} \right\rangle_{\mu, \Delta_{0}}"
    assert sp.latex(E(phi(x)) ** 2).endswith(r"\right\rangle_{\mu, \Delta_{0}}^{2}")
    assert r"\phi'\left(x\right)" in sp.latex(E(phi.d(1)(x)))
    assert r"\Phi\left(x\right)" in sp.latex(E(phi.d(-1)(x)))
    assert sp.latex(E(phi(y))).endswith(r"_{\mu^*}")
    assert E(phi(x))._repr_latex_().startswith("$\\displaystyle")
    assert sp.latex(log_norm(y)) == r"\ln \mathcal{N}"
    assert isinstance(sp.pretty(E(phi(x)) + 1), str)


def test_symbols_of_averages_are_written_as_in_papers() -> None:
    """In Jupyter an average had the index "inf" and the law "rho", where `meanfield show --latex` has the sign and the letter."""
    law = r"_{\mu, \Delta_{0}, \Delta_{\infty}}"
    assert E(phi(u) * phi(v))._repr_latex_().endswith(law + "$")
    assert "z^*" in sp.latex(E(sp.cos(phi(u) * symbol("z_star"))))
    assert r"\left[\Delta_{\infty}" in sp.latex(divided_difference(lambda C: sp.cos(C), Dinf, a))
    assert sp.latex(E(phi(distributed("y", "rho")))).endswith(r"\rangle_{\rho}")
    assert sp.latex(E(phi(u) * phi(v)), symbol_names={Dinf: "C"}).endswith(r"_{\mu, \Delta_{0}, C}")


def test_names_inside_and_outside_differ() -> None:
    inner = E(phi(gaussian("q", var=D0)))
    assert str(E(sp.cos(phi(z) + inner))) == "<cos(phi(x') + <phi(x)>_{0, Delta_0})>_{0, 1}"
    named_x = symbol("x")
    assert str(E(sp.cos(named_x * phi(z)))) == "<cos(x*phi(x'))>_{0, 1}"


def test_divided_difference() -> None:
    node = divided_difference(lambda C: sp.cos(C), a, a, D0)
    assert str(node) == "[C -> cos(C)][Delta_0, a, a]"
    assert r"\mapsto \cos{\left(C \right)}" in sp.latex(node)


def everything() -> list[sp.Expr]:
    s = uniform("s")
    pair = gaussian_pair("q r", mean=mu, var=D0, cov=s * Dinf)
    law = [E(sp.log(1 + E(phi(a * z + x), z) ** 2), x), E(phi(y) * y), log_norm(y), E(phi(pair[0]) * phi(pair[1]))]
    return [*law, divided_difference(lambda C: E(phi(x) * C) * sp.cos(C), a, D0), E(relu(x)), phi(x) * z, u * v]


def test_pickles_are_read_by_a_fresh_process(tmp_path: Path) -> None:
    exprs = everything()
    assert pickle.loads(pickle.dumps(exprs)) == exprs
    stored = tmp_path / "averages.pickle"
    stored.write_bytes(pickle.dumps(exprs))
    root = Path(__file__).parents[2]
    # The other process loads before it builds: nothing may depend on what this one has cached.
    script = (
        f"import pickle, pathlib; loaded = pickle.loads(pathlib.Path({str(stored)!r}).read_bytes())\n"
        "from tests.averages.test_printing import everything\n"
        "assert loaded == everything() and list(map(hash, loaded)) == list(map(hash, everything()))\n"
        "assert [str(e.diff(e.free_symbols.pop())) for e in loaded[:1]]\n"
        "print(len(loaded))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == str(len(exprs)), done.stderr
