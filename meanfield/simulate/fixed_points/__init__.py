"""Fixed points of finite networks: found, counted, and how many are missing."""

from meanfield.simulate.fixed_points.completeness import Estimate, chao1, coverage, found_against_starts, recapture
from meanfield.simulate.fixed_points.levenberg import System
from meanfield.simulate.fixed_points.record import FixedPoints
from meanfield.simulate.fixed_points.search import find_fixed_points

__all__ = [
    "Estimate",
    "FixedPoints",
    "System",
    "chao1",
    "coverage",
    "find_fixed_points",
    "found_against_starts",
    "recapture",
]
