"""Schemes of quadpy (``e1r2``: weight exp(-x^2) on the line) as rules of the standard normal measure.

quadpy is not needed: any object with ``points``, ``weights`` and optionally ``degree`` will do.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from meanfield.errors import QuadratureError
from meanfield.quadrature.rule import Rule


def rule_from_scheme(scheme: Any) -> Rule:
    """The rule of a scheme for the physicists' weight exp(-x^2): z = sqrt(2) x, weights divided by their sum.

    scheme: has ``points``, shape (n,) or (1, n), and ``weights``, shape (n,), adding up to sqrt(pi). Raises
    ``QuadratureError`` if it is of another dimension, has another weight function, or is not finite.
    """
    missing = [name for name in ("points", "weights") if not hasattr(scheme, name)]
    if missing:
        raise QuadratureError(
            f"a quadrature scheme needs the attributes points and weights; {type(scheme).__name__} lacks " + " and ".join(missing)
        )
    points, weights = np.asarray(scheme.points, dtype=float), np.asarray(scheme.weights, dtype=float)
    if points.ndim == 2 and points.shape[0] == 1:
        points = points[0]
    if points.ndim != 1 or weights.shape != points.shape:
        raise QuadratureError(
            f"a scheme on the line has points of shape (n,) or (1, n) and weights of shape (n,); got "
            f"{points.shape} and {weights.shape}"
        )
    total = float(weights.sum())
    if not (np.isfinite(points).all() and abs(total - np.sqrt(np.pi)) < 1e-6):
        raise QuadratureError(
            f"the weights of a scheme for exp(-x^2) add up to sqrt(pi) = 1.772...; these add up to {total:.6g}: take "
            "the scheme from the family e1r2"
        )
    order = np.argsort(points)
    return Rule(np.sqrt(2) * points[order], weights[order] / total)


def quadpy_scheme(degree: int) -> Any:
    """quadpy's Gauss-Hermite scheme that is exact up to ``degree``, if the user has a working quadpy.

    Raises ``QuadratureError`` with the reason in one sentence if it cannot be imported.
    """
    if degree < 0:
        raise QuadratureError(f"the degree of a scheme must not be negative, got {degree}")
    try:
        quadpy = import_module("quadpy")
        return quadpy.e1r2.gauss_hermite(degree // 2 + 1)
    # quadpy stops with SystemExit or an exception of its licence checker, not only with ImportError.
    except (Exception, SystemExit) as reason:  # noqa: BLE001
        raise QuadratureError(
            f"quadpy cannot be used here ({type(reason).__name__}: {reason}): the registry's version 0.17 refuses to "
            "import without a commercial licence and the GPL republication cannot be installed any more; meanfield "
            "does not need it (gauss_hermite), and any object with points and weights serves as a scheme"
        ) from reason
