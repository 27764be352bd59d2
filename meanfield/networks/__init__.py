"""Finite random networks as data: what is sampled and simulated, and what the mean-field equations are about."""

from meanfield.networks.bind import Numbers, PopulationNumbers, bind, bind_model, network_of
from meanfield.networks.record import INPUT, Network, Population, network

__all__ = ["INPUT", "Network", "Numbers", "Population", "PopulationNumbers", "bind", "bind_model", "network", "network_of"]
