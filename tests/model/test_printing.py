"""A model as a theorist reads it: in the unknowns that results carry, with every law and symbol explained."""

import pytest

import meanfield as mf
from meanfield.averages.names import is_letter, latex_name
from meanfield.model import printing


@pytest.mark.parametrize("name", mf.models.names())
def test_only_public_unknowns_are_shown(name: str) -> None:
    model = mf.models.by_name(name)
    shown, latex = str(model), model._repr_latex_()
    for hidden in {s.name for s in model.unknowns} - {s.name for s in model.public_unknowns}:
        assert f"{hidden} " not in shown.replace("*", " ").replace(")", " ").replace(",", " "), hidden
    for symbol in (*model.public_unknowns, *model.parameters):
        assert f"\n  {symbol.name}" in shown and model.meanings[symbol] in shown
    assert latex.startswith("\\begin{align}") and latex.count("{") == latex.count("}")


def test_what_a_reader_must_know_is_told() -> None:
    kac_rice, chaotic = (str(mf.models.by_name(name)) for name in ("kac-rice", "rank1-chaotic"))
    assert "where mu*(y) is proportional to exp(gamma*phi(y)**2 + log(alpha*phi'(y)**2 + 1)/2 - y**2/(2*beta))" in kac_rice
    assert "/beta" in kac_rice and "log_beta" not in kac_rice and "log_norm is the logarithm of" in kac_rice
    assert "[Delta_0, Delta_inf, Delta_inf]" in chaotic and "divided difference" in chaotic
    assert "kappa = kappa" not in chaotic and "Delta_0 = Delta_inf + delta" not in chaotic


def test_unknowns_that_cannot_be_eliminated_stay() -> None:
    u, v = mf.unknown("u"), mf.unknown("v")
    model = mf.Model("both ways", unknowns=(u,), implicit=[u**2 - 2], reports={v: u**2})
    assert "  u**2 - 2 = 0\n  v = u**2" in str(model)


def test_fractions_of_eigenvalues_and_jumps_print_as_they_are_written() -> None:
    stationary = mf.models.by_name("rank1-stationary").with_transfer(mf.transfer.relu)
    page, formulas = str(stationary), stationary._repr_latex_()
    assert "fraction_outside = 1 - P(|lambda + 1| < 1)" in page and "fraction_unstable = P(Re lambda > 0)" in page
    assert r"\left|\lambda + 1\right| < 1" in formulas and r"\operatorname{Re} \lambda > 0" in formulas
    assert r"x \theta\left(x\right)" in formulas and r"\text{bulk radius} &=" in formulas


def test_latex_speaks_of_what_results_carry() -> None:
    text = printing.latex(mf.models.by_name("rank1-chaotic"))
    assert r"\Delta_{T} &= \Delta_{0} - \Delta_{\infty}" in text and r"\Delta_T" not in text
    text = printing.latex(mf.models.by_name("kac-rice"))
    assert r"\text{complexity} &= \frac{D \gamma}{g^{2}}" in text and "log_" not in text and r"z^* &=" in text


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Delta_inf", r"\Delta_{\infty}"),
        ("sigma_squared", r"\sigma^2"),
        ("Sigma_I_squared", r"\Sigma_{I}^2"),
        ("z_star", "z^*"),
        ("z_star_squared", "{z^*}^2"),
        ("theta", r"\theta"),
        ("r_E", "r_{E}"),
    ],
)
def test_names_as_a_paper_writes_them(name: str, written: str) -> None:
    assert latex_name(name) == written
    assert is_letter("z_star") and is_letter("r_E") and not is_letter("bulk_radius") and not is_letter("kappa_of_all")


def test_several_transfer_functions_are_told_apart() -> None:
    m, tanh, relu = mf.unknown("m"), mf.transfer.tanh, mf.transfer.relu
    x = mf.gaussian("x", mean=m, var=1)
    right = mf.average(tanh(x)) + mf.average(relu(x)) / 4
    model = mf.Model("two functions", equations={m: right}, observables={"slope": mf.average(tanh.d(1)(x))})
    said = printing.text(model)
    assert "m = <phi_2(x)>_{m, 1}/4 + <phi_1(x)>_{m, 1}" in said and "slope = <phi_1'(x)>_{m, 1}" in said
    assert "phi_1, tanh: tanh(x)" in said and "phi_2, relu: " in said
    formulas = printing.latex(model)
    assert r"\phi_1\left(x\right) &= \tanh" in formulas and r"\phi_2\left(x\right) &= x" in formulas
    assert str(right).count("<phi(x)>_{m, 1}") == 2  # alone, an expression knows of no other
