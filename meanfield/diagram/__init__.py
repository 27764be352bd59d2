"""Phase diagrams: all solutions over a plane of two parameters, classified, with the zeros of the indicators as curves."""

from meanfield.diagram.contours import Contour
from meanfield.diagram.grid import Plane, Sheet
from meanfield.diagram.phase import diagram
from meanfield.diagram.record import PhaseDiagram

__all__ = ["Contour", "PhaseDiagram", "Plane", "Sheet", "diagram"]
