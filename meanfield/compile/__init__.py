"""From a model to vectorised code: choice of quadrature, plan, generated programs, and an evaluator at any precision."""

from meanfield.compile.group import FINE, ROUGH, WORKING
from meanfield.compile.kernel import Kernel, compile_model

__all__ = ["FINE", "ROUGH", "WORKING", "Kernel", "compile_model"]
