"""Figures. The only room that knows matplotlib, which is imported when something is drawn."""

from meanfield.plotting.branches import bifurcation_diagram, bifurcation_panels
from meanfield.plotting.phase import phase_diagram

__all__ = ["bifurcation_diagram", "bifurcation_panels", "phase_diagram"]
