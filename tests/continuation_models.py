"""Models without averages whose branches are known in closed form."""

import sympy as sp

import meanfield as mf

x, (r, h) = mf.unknown("x"), mf.parameters("r h")


def pitchfork():
    """r x - x^3 = 0: x = 0, and x = +-sqrt(r) from the supercritical pitchfork at r = 0; ``unity`` vanishes at r = 1/2."""
    return mf.Model(
        "a pitchfork",
        name="pitchfork",
        implicit=[r * x - x**3],
        unknowns=(x,),
        parameters=(r,),
        observables={"square": x**2},
        indicators={"unity": r - sp.Rational(1, 2)},
        stable={"the slope is negative": 3 * x**2 - r},
        symmetries=[{x: -x}],
        starts=[{x: 0}, {x: 1}],
        meanings={x: "amplitude"},
    )


def snake():
    """r + x - x^3/3 = 0: folds at (r, x) = (-2/3, 1) and (2/3, -1)."""
    return mf.Model(
        "two folds",
        name="snake",
        implicit=[r + x - x**3 / 3],
        unknowns=(x,),
        parameters=(r, h),
        defaults={h: 0},
        stable={"the slope is negative": x**2 - 1},
        starts=[{x: 3}, {x: -3}, {x: 0}],
    )
