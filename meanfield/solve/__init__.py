"""Solving: `solve` for models; below it batched Newton with claimed errors, all roots, relaxation and polish on arrays."""

from meanfield.solve.certify import Points, certify, first_roots
from meanfield.solve.claims import Claim, claim
from meanfield.solve.deflation import Deflation
from meanfield.solve.driver import solve
from meanfield.solve.extension import ExtendedProblem, extended
from meanfield.solve.multistart import RootTable, all_roots
from meanfield.solve.newton import NewtonOptions, NewtonResult, newton
from meanfield.solve.polish import Polished, polish
from meanfield.solve.problem import FunctionProblem, Problem, residual_claims, rounding_claims
from meanfield.solve.relaxation import Change, Relaxed, relax, warm_up
from meanfield.solve.solution import Solution, Solutions
from meanfield.solve.status import Status, found_mask, sentence, tally

__all__ = [
    "Change",
    "Claim",
    "Deflation",
    "ExtendedProblem",
    "FunctionProblem",
    "NewtonOptions",
    "NewtonResult",
    "Points",
    "Polished",
    "Problem",
    "Relaxed",
    "RootTable",
    "Solution",
    "Solutions",
    "Status",
    "all_roots",
    "certify",
    "claim",
    "extended",
    "first_roots",
    "found_mask",
    "newton",
    "polish",
    "relax",
    "residual_claims",
    "rounding_claims",
    "sentence",
    "solve",
    "tally",
    "warm_up",
]
