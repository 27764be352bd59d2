"""Phase diagrams: all solutions over a plane of two parameters, boundaries traced as curves, and a certificate."""

from meanfield.diagram.certificate import Certificate
from meanfield.diagram.corners import Corner
from meanfield.diagram.curves import Curve
from meanfield.diagram.grid import Plane, Sheet
from meanfield.diagram.phase import diagram, resume_diagram
from meanfield.diagram.record import PhaseDiagram
from meanfield.diagram.tracer import trace

__all__ = ["Certificate", "Corner", "Curve", "PhaseDiagram", "Plane", "Sheet", "diagram", "resume_diagram", "trace"]
