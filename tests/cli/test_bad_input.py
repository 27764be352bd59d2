"""Whatever is typed: one clear sentence on standard error, exit code 2, nothing on standard output, no half-written file."""

import os

import numpy as np
import pytest

LONGEST = 300

OWN = """
import meanfield as mf
y, a = mf.unknown("y"), mf.parameter("a", nonnegative=True)
model = mf.Model("mine", equations={y: a * mf.average(mf.transfer.tanh(mf.gaussian("z", mean=y)))})
x = 3
"""
TWO = "y, v = mf.unknown('y'), mf.unknown('v')\n"
BROKEN = {
    "count.py": (TWO + "model = mf.Model('m', equations={y: v}, unknowns=(y, v))", "line 3.*1 equations"),
    "free.py": (TWO + "model = mf.Model('m', equations={y: mf.gaussian('z')})", "line 3.*z is not averaged"),
    "true.py": (TWO + "model = mf.Model('m', implicit=[y == 1], unknowns=(y,))", "line 3.*False where an expression"),
    "alien.py": (TWO + "model = mf.Model('m', equations={y: y + v}, parameters=(mf.parameter('a'),))", "unknown symbol v"),
    "text.py": (TWO + "model = mf.Model('m', equations={y: 'a*y'})", "text is never evaluated"),
    "syntax.py": ("y = mf.unknown('y'", "line 2.*never closed"),
    "exits.py": ("raise SystemExit('bye')", "SystemExit: bye"),
    "endless.py": ("def f(): return f()\nf()", "RecursionError"),
    "nothing.py": ("", "no attribute 'model'"),
}


@pytest.fixture
def refused(command, tmp_path, monkeypatch):
    """Run the command in a folder of its own, check what every refusal has in common, and return the sentence."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x01\x00")
    for name, (text, _) in BROKEN.items():
        (tmp_path / name).write_text(f"import meanfield as mf\n{text}\n")

    def run(*argv):
        before = sorted(os.listdir(tmp_path))
        code, out, err = command(*argv)
        assert code == 2 and out == "", (code, out, err)
        assert err.startswith("meanfield: ") and err.count("\n") == 1 and len(err) < LONGEST, err
        assert "Traceback" not in err and "\x1b" not in err
        assert [n for n in sorted(os.listdir(tmp_path)) if n != "__pycache__"] == [n for n in before if n != "__pycache__"]
        return err

    return run


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ("solve scs -p g=nan", "cannot read 'nan'"),
        ("solve scs -p g=1e400", "finite"),
        ("solve scs -p g=9**9**9**9", "finite"),
        ("solve scs -p g=-1", "must not be negative, got -1"),
        ("solve scs -p g=-2:2:5", "must not be negative, got -2"),
        ("solve scs -p h=2", "no parameter 'h'"),
        ("solve scs", "needs the parameter 'g'"),
        ("solve scs -p g=1:2:99999999999", "at most 1000000"),
        ("solve scs -p g=1:2:100000 -p sigma_squared=0:1:100000", "a grid of 10000000000 points"),
        ("solve scs -p g=2 --tol inf", "positive and finite"),
        ("solve scs -p g=2 --tol nan", "positive and finite"),
        ("solve scs -p g=2 --digits 1000000", "at most 300"),
        ("solve scs -p g=2 --method picard", "'newton' or 'relaxation'"),
        ("solve kac-rice -p g=2 --method relaxation", "kac-rice cannot be relaxed"),
        ("solve scs -p g=2 --transfer relu", "phi is odd"),
        ("solve scs -p g=2 --out missing/x.nc", "No such directory"),
        ("solve scs -p g=2 --out folder.py", "ends in .nc"),
        ("solve scs -p g=2 --out /proc/x.nc", "/proc/x.nc"),
        ("solve scs -p g=2 --data x.npy", "x.npy"),
        ("solve kac-rice-action -p g=2", "--data FILE.npy"),
        ("solve kac-rice-action -p g=2 --data folder.py", "Is a directory"),
        ("solve kac-rice-action -p g=2 --data own.py", "not a .npy file"),
        ("solve rank1-input-stationary -p g=1 -p M_m=1 -p M_n=1 -p Sigma_I_squared=-1:1:3", "Sigma_I_squared = -1 is too small"),
        ("solve own.py:x -p a=1", "is of type int; expected a Model"),
        ("solve own.py:modl -p a=1", "did you mean 'model'?"),
        ("solve own.py -p a=1", "own.py:ATTRIBUTE"),
        ("solve own.py:model -p a=-1", "must not be negative"),
        ("solve folder.py:model -p a=1", "Is a directory"),
        ("solve missing.py:model -p a=1", "No such file"),
        ("show own.py:y", "is of type Symbol; expected a Model"),
        ("diagram scs --x g=0:3:100000 --y sigma_squared=0:1:100000", "10000000000 points"),
        ("diagram scs --x g=0:3 --y sigma_squared=-1:1", "'sigma_squared' must not be negative, but its window is from -1 to 1"),
        ("diagram scs --x g=3:-1 --y sigma_squared=0:1", "'g' must not be negative, but its window is from -1 to 3"),
        ("solve scs -p g=2 --observables ,", "--observables ',' names none; it has "),
        ("simulate scs -p g=2 --neurons 20 --networks 2 --dt 10", "dt must be at most the time between two samples, 0.5, got 10"),
        ("simulate scs -p g=2 --neurons 20 --networks 2 --dt 0", "dt must be positive, got 0"),
        ("continue scs --along g=1:2 --resume own.py", "own.py"),
    ],
)
def test_it_is_refused(refused, argv, says):
    assert says in refused(*argv.split())


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_fails_is_told_with_its_line(refused, name):
    import re

    err = refused("solve", f"{name}:model", "-p", "a=1")
    assert name in err and re.search(BROKEN[name][1], err), err


def test_of_arrays_only_what_matters_is_told():
    import meanfield as mf

    scs = mf.models.by_name("scs")
    for bad in (np.full(10_000, np.nan), np.r_[np.ones(5000), -np.ones(5000)], ["a"] * 1000, np.ones((3, 0)), "x" * 5000, 1j, None):
        with pytest.raises(mf.MeanfieldError) as refusal:
            mf.solve(scs, g=bad)
        assert len(str(refusal.value)) < LONGEST and "'g'" in str(refusal.value)
    with pytest.raises(mf.MeanfieldError) as refusal:
        mf.solve(scs, g=np.ones(7), sigma_squared=np.ones(8))
    assert "g (7,), sigma_squared (8,)" in str(refusal.value)
