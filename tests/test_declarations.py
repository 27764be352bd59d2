"""Domains of symbols belong to the file that declares them, although the symbols themselves are equal everywhere."""

import pickle
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import sympy as sp

import meanfield as mf
from meanfield.cli.locate import _imported
from meanfield.errors import ModelError

Write = Callable[[str, str], ModuleType]

DECLARE = "import meanfield as mf\n{}\n"
MODEL = "def build():\n    return mf.Model('m', equations={y: a * y + 1})\n"


@pytest.fixture
def write(tmp_path: Path, request: pytest.FixtureRequest) -> Write:
    def write(name: str, text: str) -> ModuleType:
        path = tmp_path / f"{request.node.name.split('[')[0]}_{name}.py"
        path.write_text(text)
        return _imported(path)

    return write


def test_symbols_of_one_name_are_equal_whatever_their_domain() -> None:
    assert mf.unknown("y_e", nonnegative=True) == mf.symbol("y_e") == mf.parameter("y_e") == sp.Symbol("y_e", real=True)


def test_two_files_that_declare_a_name_differently_do_not_disturb_each_other(write: Write) -> None:
    first = write("first", DECLARE.format("y, a = mf.unknown('y_d', nonnegative=True), mf.parameter('a_d')") + MODEL)
    second = write("second", DECLARE.format("y, a = mf.unknown('y_d'), mf.parameter('a_d', nonnegative=True)") + MODEL)
    assert first.build().nonnegative == {"y_d"}
    assert second.build().nonnegative == {"a_d"}
    assert first.build().nonnegative == {"y_d"}
    assert pickle.loads(pickle.dumps(first.build())).nonnegative == {"y_d"}


def test_functions_of_one_file_declare_for_themselves() -> None:
    def nonnegative() -> mf.Model:
        y = mf.unknown("y_f", nonnegative=True)
        return mf.Model("m", equations={y: y / 2 + 1})

    def any_sign() -> mf.Model:
        (y,) = [mf.unknown(name) for name in ("y_f",)]
        return mf.Model("m", equations={y: y / 2 + 1})

    assert [m().nonnegative for m in (nonnegative, any_sign, nonnegative)] == [{"y_f"}, set(), {"y_f"}]


def test_an_inner_function_sees_what_is_declared_around_it() -> None:
    y = mf.unknown("y_i", nonnegative=True)

    def build() -> mf.Model:
        return mf.Model("m", equations={y: y / 2 + 1})

    assert build().nonnegative == {"y_i"}


def test_an_imported_symbol_brings_its_domain(write: Write) -> None:
    shared = write("shared", DECLARE.format("y = mf.unknown('y_s', nonnegative=True)"))
    y = shared.y
    assert mf.Model("m", equations={y: y / 2 + 1}).nonnegative == {"y_s"}
    write("other", DECLARE.format("y = mf.unknown('y_s')"))
    with pytest.raises(ModelError, match="y_s is not declared in .*test_declarations.py, where .* others disagree") as refusal:
        mf.Model("m", equations={y: y / 2 + 1})
    assert "shared.py" in str(refusal.value) and "other.py" in str(refusal.value)
    assert mf.Model("m", equations={y: y / 2 + 1}, nonnegative="y_s").nonnegative == {"y_s"}


def test_contradicting_declarations_of_one_model_are_refused() -> None:
    y, _ = mf.unknown("y_c", nonnegative=True), mf.unknown("y_c")
    with pytest.raises(ModelError, match="y_c is declared twice for one model"):
        mf.Model("m", equations={y: y / 2 + 1})


def test_a_declaration_may_change_between_models() -> None:
    found = []
    for flag in (True, False, True):
        y = mf.unknown("y_b", nonnegative=flag)
        found.append(mf.Model("m", equations={y: y / 2 + 1}).nonnegative)
    assert found == [{"y_b"}, set(), {"y_b"}]


def test_cells_of_a_notebook_may_be_corrected_and_run_again() -> None:
    names = {"__name__": "__notebook__"}
    for cell, text in enumerate(["y = mf.unknown('y_n')", "y = mf.unknown('y_n', nonnegative=True)"]):
        exec(compile("import meanfield as mf\n" + text, f"<cell {cell}>", "exec"), names)
    exec(compile("m = mf.Model('m', equations={y: y / 2 + 1})", "<cell 2>", "exec"), names)
    assert names["m"].nonnegative == {"y_n"}  # type: ignore[attr-defined]


def test_the_library_declares_for_itself() -> None:
    names = {"__name__": "meanfield.models.mine"}
    text = "import meanfield as mf\ny = mf.unknown('y_l', nonnegative=True)\nm = mf.Model('m', equations={y: y / 2 + 1})"
    mf.unknown("y_l")
    exec(text, names)
    assert names["m"].nonnegative == {"y_l"}  # type: ignore[attr-defined]


def test_given_names_must_be_those_of_the_model() -> None:
    y = mf.unknown("Delta_y")
    with pytest.raises(ModelError, match="nonnegative names Delta_x; did you mean 'Delta_y'"):
        mf.Model("m", equations={y: y / 2 + 1}, nonnegative="Delta_x")


def test_symbols_of_an_imported_module_mean_what_it_says(write: Write) -> None:
    shared, other = (
        write(name, DECLARE.format(f"y = mf.unknown('y_m', nonnegative={name == 'other'})")) for name in ("shared", "other")
    )
    names: dict[str, object] = {"__name__": "user", "__file__": "user.py", "shared": shared}
    exec("import meanfield as mf\nm = mf.Model('m', equations={shared.y: shared.y / 2 - 1})", names)
    assert names["m"].nonnegative == frozenset()  # type: ignore[attr-defined]
    assert other.y == shared.y
