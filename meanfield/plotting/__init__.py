"""Figures. The only room that knows matplotlib, which is imported when something is drawn."""

from meanfield.plotting.branches import bifurcation_diagram, bifurcation_panels
from meanfield.plotting.fixed_points import (
    completeness_curve,
    coordinates,
    eigenvalue_cloud,
    radial_spectrum,
    shells,
    steering_angles,
)
from meanfield.plotting.phase import phase_diagram
from meanfield.plotting.verify import verification

__all__ = [
    "bifurcation_diagram",
    "bifurcation_panels",
    "completeness_curve",
    "coordinates",
    "eigenvalue_cloud",
    "phase_diagram",
    "radial_spectrum",
    "shells",
    "steering_angles",
    "verification",
]
