"""From a model to vectorised code: choice of quadrature, plan, generated programs, and an evaluator at any precision."""

from meanfield.compile.group import FINE, ROUGH, SKETCH, TIGHT, WORKING
from meanfield.compile.kernel import Kernel, compile

__all__ = ["FINE", "ROUGH", "SKETCH", "WORKING", "TIGHT", "Kernel", "compile"]
