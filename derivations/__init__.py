"""Numbered, executable derivations: each builds its equations step by step and asserts every step."""
