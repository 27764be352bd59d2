"""Conditions on a model, each a rewrite ``Model -> Model`` that the same compiler and solvers take."""

from meanfield.conditions.both import both
from meanfield.conditions.change_unknowns import change_unknowns
from meanfield.conditions.condition import Condition
from meanfield.conditions.degenerate import cusp, degenerate_pitchfork
from meanfield.conditions.explicit import explicit, without
from meanfield.conditions.fix_parameters import fix_parameters
from meanfield.conditions.hopf import hopf
from meanfield.conditions.indicator_zero import indicator_zero
from meanfield.conditions.singular import singular
from meanfield.conditions.subspace import fix_unknowns
from meanfield.conditions.symmetry_breaking import symmetry_breaking
from meanfield.conditions.written_out import written_out

__all__ = [
    "Condition",
    "both",
    "change_unknowns",
    "cusp",
    "degenerate_pitchfork",
    "explicit",
    "fix_parameters",
    "fix_unknowns",
    "hopf",
    "indicator_zero",
    "singular",
    "symmetry_breaking",
    "without",
    "written_out",
]
