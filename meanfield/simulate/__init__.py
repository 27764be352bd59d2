"""Finite networks: drawn, run, measured, and compared with the theory of infinite ones."""
