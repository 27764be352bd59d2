"""AUTO-07p on the two problems of `continuation.py`, driven from Python by bifpy, which brings it, and by PyCoBi, which does not.

PyCoBi drives AUTO-07p through AUTO's own Python module. No package of the Python registry has that; Debian's package auto-07p does.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from continuation_peers import FLAT, SIZE, START, Found

HOME = os.environ.get("AUTO_DIR", "/usr/lib/auto-07p")  # where Debian puts it
SETTINGS = {"ips": 1, "nmx": 200, "ntst": 20, "ncol": 4, "iad": 3, "ilp": 1, "isp": 0, "iads": 1, "itmx": 9, "itnw": 5, "nwtn": 3}
SETTINGS |= {"jac": 0, "npar": 1, "ds": 0.05, "dsmin": 1e-4, "dsmax": 0.1, "a0": -1e300, "a1": 1e300}
SETTINGS |= {"epsl": 1e-7, "epsu": 1e-7, "epss": 1e-5}
UNSAID = {"isw": 1, "iplt": 0, "nbc": 0, "nint": 0, "mxbf": 0, "iid": 2, "npr": 0}  # bifpy has these as they are here
WINDOWS = {"cubic": (-2.1, 2.0), "Bratu": (-0.1, 5.0)}


def bifpy_run(problem: str, native: bool, keep: bool = False) -> Any:
    """AUTO-07p by bifpy: its result. native: the Python function is written out as Fortran and compiled first."""
    from bifpy import auto

    f, u, p = {"cubic": (_cubic, [START], -2.0), "Bratu": (_bratu, FLAT, 0.0)}[problem]

    def start(state: Any, parameters: Any, _: float) -> None:
        for i, value in enumerate(u):
            state[i] = value
        parameters[0] = p

    low, high = WINDOWS[problem]
    return auto.run(f, start, SETTINGS | {"ndim": len(u), "rl0": low, "rl1": high}, icu=[1], transpile=native, keep_output=keep)


def bifpy_folds(result: Any) -> Found:
    """Of a result of `bifpy_run`; AUTO writes eleven digits."""
    found = [point for branch in result.branches for point in branch.points]
    return len(found), [q.parameters[0] for q in found if abs(q.point_type_code) % 10 == 2]  # of limit points


def _cubic(u: Any, p: Any) -> list[Any]:
    return [p[0] + u[0] - u[0] ** 3 / 3]


def _bratu(u: Any, p: Any) -> list[Any]:
    wide = [0.0, *(u[i] for i in range(SIZE)), 0.0]
    return [(wide[i] - 2 * wide[i + 1] + wide[i + 2]) * (SIZE + 1) ** 2 + p[0] * np.exp(wide[i + 1]) for i in range(SIZE)]


FORTRAN = """
      subroutine func(ndim, u, icp, par, ijac, f, dfdu, dfdp)
      implicit none
      integer, intent(in) :: ndim, icp(*), ijac
      double precision, intent(in) :: u(ndim), par(*)
      double precision, intent(out) :: f(ndim)
      double precision, intent(inout) :: dfdu(ndim, ndim), dfdp(ndim, *)
      {equations}
      end subroutine
      subroutine stpnt(ndim, u, par, t)
      implicit none
      integer, intent(in) :: ndim
      double precision, intent(inout) :: u(ndim), par(*)
      double precision, intent(in) :: t
      {start}
      end subroutine
      subroutine bcnd
      end subroutine
      subroutine icnd
      end subroutine
      subroutine fopt
      end subroutine
      subroutine pvls
      end subroutine
"""
EQUATIONS = {
    "cubic": "f(1) = par(1) + u(1) - u(1)**3/3",
    "Bratu": """f = -2*u
      f(2:) = f(2:) + u(:ndim-1)
      f(:ndim-1) = f(:ndim-1) + u(2:)
      f = f*(ndim + 1)**2 + par(1)*exp(u)""",
}
STARTS = {"cubic": f"u(1) = {START!r}d0; par(1) = -2d0", "Bratu": "u = 0d0; par(1) = 0d0"}


def pycobi_missing() -> str:
    """What PyCoBi wants and does not find here; nothing if it runs."""
    if find_spec("pycobi") is None or find_spec("pyrates") is None:
        return "pycobi or pyrates, which it imports, is not installed"
    if not Path(HOME, "python", "auto").is_dir():
        return f"AUTO-07p with its Python module is not in {HOME} (AUTO_DIR; the module is in no package but Debian's auto-07p)"
    return ""


def pycobi_run(problem: str, folder: str) -> Found:
    """AUTO-07p by PyCoBi in a folder of its own: points and folds. Compiled in the first run there."""
    from pycobi import ODESystem

    _readable()
    Path(folder, "peer.f90").write_text(FORTRAN.format(equations=EQUATIONS[problem], start=STARTS[problem]))
    Path(folder, "c.peer").write_text("\n")
    (low, high), size = WINDOWS[problem], 1 if problem == "cubic" else SIZE
    settings = {name.upper(): value for name, value in (SETTINGS | UNSAID | {"ndim": size, "rl0": low, "rl1": high}).items()}
    here, names = os.getcwd(), [f"u_{i}" for i in range(size)]
    try:
        system = ODESystem("peer", working_dir=folder, auto_dir=HOME, params=["p"], state_vars=names)
        table, found = system.run(c="peer", ICP="p", variables=names, params=["p"], get_stability=False, **settings)
    finally:
        os.chdir(here)
    return len(found[0]), np.ravel(table["p"][table["bifurcation"].to_numpy() == "LP"].to_numpy()).tolist()


class _Floats(np.ndarray):
    """An array that can be compared with [], as AUTO's module does; NumPy since 1.25 raises instead."""

    def __eq__(self, other: Any) -> Any:
        return len(self) == 0 if isinstance(other, list) and not other else super().__eq__(other)


def _readable() -> None:
    """Make AUTO's module importable, and let it read its files as `_Floats`."""
    if f"{HOME}/python" not in sys.path:
        sys.path.append(f"{HOME}/python")
    os.environ["AUTO_DIR"] = HOME
    from auto import Points

    if not Points.numpyimported:
        Points.importnumpy()
    Points.fromstring = lambda data, dtype, sep: np.array(data.split(), dtype=dtype).view(_Floats)
