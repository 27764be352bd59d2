"""Models of the user's own files."""

import pytest

SOURCE = """
import neighbour
import meanfield as mf

mu = mf.unknown("mu")
a = mf.parameter("a")
mine = mf.Model("my own model", equations={mu: a * neighbour.two}, references=["my notebook"])
number = 7
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "neighbour.py").write_text("two = 2\n")
    path = tmp_path / "own.py"
    path.write_text(SOURCE)
    return path


def test_an_attribute_of_a_file_is_a_model(command, own):
    code, out, err = command("show", f"{own}:mine")
    assert (code, err) == (0, "") and "my own model" in out and "my notebook" in out


def test_as_latex(command, own):
    code, out, _ = command("show", f"{own}:mine", "--latex")
    assert code == 0 and r"\mu" in out


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("{}:mien", "did you mean 'mine'"),
        ("{}:number", "is of type int; expected a Model; models there: mine"),
        ("{}", "expected {}:ATTRIBUTE; models there: mine"),
        ("{}x.py:mine", "No such file"),
    ],
)
def test_what_is_no_model(command, own, word, says):
    code, out, err = command("show", word.format(own))
    assert code == 2 and out == "" and says.format(own) in err and err.count("\n") == 1


@pytest.mark.parametrize(("line", "says"), [("1/0", "ZeroDivisionError"), ("mf.(", "SyntaxError")])
def test_a_file_that_fails_is_named_with_its_line(command, own, line, says):
    own.write_text(f"import meanfield as mf\n{line}\n")
    code, _, err = command("show", f"{own}:mine")
    assert code == 2 and says in err and "line 2" in err and err.count("\n") == 1
