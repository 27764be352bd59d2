"""Dynamics about a stationary or chaotic state: stability, spectra of the Jacobian."""
