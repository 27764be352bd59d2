"""Solutions, branches, diagrams and dynamics as xarray datasets and netCDF files, and back."""

from meanfield.store.branches import BRANCH_FORMAT, branch_dataset, load_branches, save_branches
from meanfield.store.diagrams import DIAGRAM_FORMAT, diagram_dataset, load_diagram
from meanfield.store.dynamics import SPECTRUM_FORMAT, TWO_TIME_FORMAT, spectrum_dataset, two_time_dataset
from meanfield.store.files import load, save
from meanfield.store.fixed_points import FIXED_POINTS_FORMAT, fixed_points_dataset, load_fixed_points, save_fixed_points
from meanfield.store.results import solution_dataset
from meanfield.store.simulations import SIMULATION_FORMAT, load_simulation, save_simulation, simulation_dataset
from meanfield.store.solutions import FORMAT, dataset

__all__ = [
    "BRANCH_FORMAT",
    "DIAGRAM_FORMAT",
    "FIXED_POINTS_FORMAT",
    "FORMAT",
    "SIMULATION_FORMAT",
    "SPECTRUM_FORMAT",
    "TWO_TIME_FORMAT",
    "branch_dataset",
    "dataset",
    "diagram_dataset",
    "fixed_points_dataset",
    "load",
    "load_branches",
    "load_diagram",
    "load_fixed_points",
    "load_simulation",
    "save",
    "save_branches",
    "save_fixed_points",
    "save_simulation",
    "simulation_dataset",
    "solution_dataset",
    "spectrum_dataset",
    "two_time_dataset",
]
