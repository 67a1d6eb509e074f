"""Discrete Fourier transforms: plans, tables and launches."""
