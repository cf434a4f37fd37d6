"""Faults done to real training processes on purpose: `make chaos`."""
