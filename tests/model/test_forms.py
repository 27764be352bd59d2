"""What a beginner writes in the place of a table is answered by the form that is meant."""

import pytest
import sympy as sp

import meanfield as mf
from meanfield.errors import ModelError, ParameterError, TransferError
from meanfield.model.forms import as_models

MU, B = mf.unknown("mu"), mf.parameter("b")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"equations": [MU]}, r"equations must be a dictionary {unknown: right side}, got"),
        ({"equations": MU - B}, "equations must be a dictionary"),
        ({"equations": {"mu": B}}, r"the key 'mu'; give the symbol itself, such as mf.unknown\('mu'\)"),
        ({"equations": {MU: "b"}}, "text is never evaluated"),
        ({"equations": {MU: lambda x: x}}, "given as a function"),
        ({"indicators": [B]}, "indicators must be a dictionary {name: expression}, got"),
        ({"observables": {B: MU}}, "give a name in quotes"),
        ({"definitions": {"k": B}}, "the key 'k'"),
        ({"stable": [B]}, "stable must be a dictionary {sentence: expression}, None or True"),
        ({"starts": {MU: 1}}, "starts must be a list"),
        ({"symmetries": {MU: -MU}}, "symmetries must be a list"),
        ({"starts": [{"mu": 1}]}, "one of starts must be a dictionary {unknown: expression}, got the key 'mu'"),
        ({"implicit": MU}, "implicit must be a list"),
        ({"equations": {MU: sp.Symbol("mu") * B}}, r"different symbols, since their assumptions differ; .* mf.unknown\('mu'\)"),
    ],
)
def test_other_forms_are_refused(parts: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        mf.Model("forms", **{"equations": {MU: B}, **parts})


def test_names_are_no_models() -> None:
    window = ((0, 3), (0, 3))
    for verb, ask in {
        "solve": lambda: mf.solve("scs", g=1),
        "diagram": lambda: mf.diagram("scs", plane=("g", "sigma"), window=window),
        "bifurcation_diagram": lambda: mf.bifurcation_diagram(["scs"], "g", (0, 1)),
    }.items():
        with pytest.raises(ParameterError, match=f"^{verb} needs a Model, got the text 'scs'.*by_name"):
            ask()
    assert as_models(mf.models.by_name("scs"), "solve") == as_models([mf.models.by_name("scs")], "solve")


def test_a_model_is_given_once() -> None:
    scs = mf.models.by_name("scs")
    with pytest.raises(mf.errors.ParameterError, match="scs is given twice to diagram; give each model once"):
        mf.diagram([scs, scs], plane=("g", "sigma_squared"), window=((0, 3), (0, 1)))


def test_a_transfer_function_by_its_name() -> None:
    assert [phi.name for phi in mf.models.by_name("scs").with_transfer("erf").transfers] == ["erf"]
    with pytest.raises(TransferError, match='did you mean "erf"'):
        mf.models.by_name("scs").with_transfer("erff")


def test_a_matrix_is_no_spectrum() -> None:
    m = mf.unknown("m")
    for matrix, said in (
        (sp.Matrix([[1]]), r"write mf.Spectrum"),
        (mf.Spectrum(sp.Matrix([[1, 2]])), "square matrix, got one of 1 x 2"),
    ):
        with pytest.raises(ModelError, match=said):
            mf.Model("no spectrum", equations={m: m / 2}, spectra={"a": matrix})


def test_a_conditional_symmetry_has_a_place_of_its_own() -> None:
    m, a = mf.unknown("m"), mf.parameter("a")
    with pytest.raises(ModelError, match="belongs into conditional_symmetries"):
        mf.Model("odd", equations={m: m / 2 + a}, symmetries=[mf.ConditionalSymmetry({m: -m}, zero=(a,))])
