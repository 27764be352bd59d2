"""Solutions, branches and diagrams as xarray datasets and netCDF files, and back."""

from meanfield.store.branches import BRANCH_FORMAT, branch_dataset, load_branches, save_branches
from meanfield.store.diagrams import DIAGRAM_FORMAT, diagram_dataset
from meanfield.store.files import load, save
from meanfield.store.solutions import FORMAT, dataset

__all__ = [
    "BRANCH_FORMAT",
    "DIAGRAM_FORMAT",
    "FORMAT",
    "branch_dataset",
    "dataset",
    "diagram_dataset",
    "load",
    "load_branches",
    "save",
    "save_branches",
]
