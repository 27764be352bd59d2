"""Conditions on a model, each a rewrite ``Model -> Model`` that the same compiler and solvers take."""

from meanfield.conditions.change_unknowns import change_unknowns
from meanfield.conditions.fix_parameters import fix_parameters
from meanfield.conditions.indicator_zero import indicator_zero

__all__ = ["change_unknowns", "fix_parameters", "indicator_zero"]
