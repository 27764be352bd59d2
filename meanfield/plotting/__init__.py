"""Figures. The only room that knows matplotlib, which is imported when something is drawn."""

from meanfield.plotting.phase import phase_diagram

__all__ = ["phase_diagram"]
