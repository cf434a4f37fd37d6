"""Faults injected into real training processes: `make chaos`."""
