"""Mean-field theory of random networks: write the equations once in SymPy, get every solution with an honest error.

A name of this page is imported when it is first used, so that ``import meanfield`` stays cheap::

    import meanfield as mf

    x = mf.gaussian("x", mean=mu, var=Delta_0)
    model = mf.Model("...", equations={mu: ..., Delta_0: ...})
    point = mf.solve(model, g=2.0)
    point["mu"], point.error["mu"], point.status
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# Public name -> (module, attribute); an attribute of None means the module itself.
_PUBLIC: dict[str, tuple[str, str | None]] = {
    "symbol": ("meanfield.symbols", "symbol"),
    "unknown": ("meanfield.symbols", "unknown"),
    "parameter": ("meanfield.symbols", "parameter"),
    "parameters": ("meanfield.symbols", "parameters"),
    "coordinate": ("meanfield.symbols", "coordinate"),
    "gaussian": ("meanfield.symbols", "gaussian"),
    "gaussian_pair": ("meanfield.symbols", "gaussian_pair"),
    "standard_normal": ("meanfield.symbols", "standard_normal"),
    "average": ("meanfield.averages", "average"),
    "E": ("meanfield.averages", "E"),
    "transfer": ("meanfield.transfer", None),
    "Transfer": ("meanfield.transfer", "Transfer"),
    "quadrature": ("meanfield.quadrature", None),
    "Model": ("meanfield.model", "Model"),
    "Motion": ("meanfield.model", "Motion"),
    "Spectrum": ("meanfield.model", "Spectrum"),
    "ConditionalSymmetry": ("meanfield.model", "ConditionalSymmetry"),
    "change_unknowns": ("meanfield.conditions", "change_unknowns"),
    "indicator_zero": ("meanfield.conditions", "indicator_zero"),
    "singular": ("meanfield.conditions", "singular"),
    "symmetry_breaking": ("meanfield.conditions", "symmetry_breaking"),
    "hopf": ("meanfield.conditions", "hopf"),
    "cusp": ("meanfield.conditions", "cusp"),
    "conditions": ("meanfield.conditions", None),
    "compile": ("meanfield.compile", "compile"),
    "solve": ("meanfield.solve", "solve"),
    "Solution": ("meanfield.solve", "Solution"),
    "Solutions": ("meanfield.solve", "Solutions"),
    "Status": ("meanfield.solve", "Status"),
    "follow": ("meanfield.continuation", "follow"),
    "steps_along": ("meanfield.continuation", "steps_along"),
    "bifurcation_diagram": ("meanfield.continuation", "bifurcation_diagram"),
    "resume_forest": ("meanfield.continuation", "resume_forest"),
    "Branch": ("meanfield.continuation", "Branch"),
    "stationary_spectrum": ("meanfield.dynamics.stationary", "stationary_spectrum"),
    "two_time": ("meanfield.dynamics.transient", "two_time"),
    "autocovariance": ("meanfield.dynamics.curves", "autocovariance"),
    "power_spectrum": ("meanfield.dynamics.curves", "power_spectrum"),
    "dynamics": ("meanfield.dynamics", None),
    "models": ("meanfield.models", None),
    "Network": ("meanfield.networks", "Network"),
    "Population": ("meanfield.networks", "Population"),
    "network": ("meanfield.networks", "network"),
    "networks": ("meanfield.networks", None),
    "simulate": ("meanfield.simulate", "simulate"),
    "Simulation": ("meanfield.simulate", "Simulation"),
    "verify": ("meanfield.simulate.verification", "verify"),
    "Verification": ("meanfield.simulate.verification", "Verification"),
    "diagram": ("meanfield.diagram", "diagram"),
    "resume_diagram": ("meanfield.diagram", "resume_diagram"),
    "trace": ("meanfield.diagram", "trace"),
    "PhaseDiagram": ("meanfield.diagram", "PhaseDiagram"),
    "find_fixed_points": ("meanfield.simulate.fixed_points", "find_fixed_points"),
    "sample_fixed_points": ("meanfield.simulate.many_networks", "sample_fixed_points"),
    "planted_fixed_points": ("meanfield.simulate.planted", "planted_fixed_points"),
    "FixedPoints": ("meanfield.simulate.fixed_points", "FixedPoints"),
    "store": ("meanfield.store", None),
    "plotting": ("meanfield.plotting", None),
    "errors": ("meanfield.errors", None),
    "MeanfieldError": ("meanfield.errors", "MeanfieldError"),
}

__all__ = ["__version__", *_PUBLIC]

if TYPE_CHECKING:
    from meanfield import conditions, dynamics, errors, models, networks, plotting, quadrature, store, transfer
    from meanfield.averages import E, average
    from meanfield.compile import compile
    from meanfield.conditions import change_unknowns, cusp, hopf, indicator_zero, singular, symmetry_breaking
    from meanfield.continuation import Branch, bifurcation_diagram, follow, steps_along
    from meanfield.diagram import PhaseDiagram, diagram, resume_diagram, trace
    from meanfield.dynamics.curves import autocovariance, power_spectrum
    from meanfield.dynamics.stationary import stationary_spectrum
    from meanfield.dynamics.transient import two_time
    from meanfield.errors import MeanfieldError
    from meanfield.model import ConditionalSymmetry, Model, Motion, Spectrum
    from meanfield.networks import Network, Population, network
    from meanfield.simulate import Simulation, simulate
    from meanfield.simulate.fixed_points import FixedPoints, find_fixed_points
    from meanfield.simulate.many_networks import sample_fixed_points
    from meanfield.simulate.planted import planted_fixed_points
    from meanfield.simulate.verification import Verification, verify
    from meanfield.solve import Solution, Solutions, Status, solve
    from meanfield.symbols import (
        coordinate,
        gaussian,
        gaussian_pair,
        parameter,
        parameters,
        standard_normal,
        symbol,
        unknown,
    )
    from meanfield.transfer import Transfer


def __getattr__(name: str) -> object:
    """Import the public ``name`` on its first use (PEP 562)."""
    if name not in _PUBLIC:
        # With an object of its own, Python does not add a second "Did you mean" to the traceback.
        raise AttributeError(f"module 'meanfield' has no attribute {name!r}{_nearest(name)}", name=name, obj=None)
    module, attribute = _PUBLIC[name]
    found = import_module(module)
    value = found if attribute is None else getattr(found, attribute)
    globals()[name] = value
    return value


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, _PUBLIC, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """A module that keeps its public functions when a room of the same name is imported.

    ``solve``, ``compile`` and ``diagram`` are both rooms (sub-packages) and verbs. The import system sets a freshly
    imported sub-package as an attribute of its parent, which would turn ``mf.solve(...)`` into a call of a module as
    soon as anything has imported ``meanfield.solve``. ``from meanfield.solve import Status`` is not affected.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType) and _PUBLIC.get(name, ("", None))[1] is not None:
            return
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
