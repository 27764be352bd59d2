"""From a model to vectorised code: choice of quadrature, plan, generated programs, and an evaluator at any precision."""

from meanfield.compile.group import FINE, ROUGH, TIGHT, WORKING
from meanfield.compile.kernel import Kernel, compile

__all__ = ["FINE", "ROUGH", "WORKING", "TIGHT", "Kernel", "compile"]
