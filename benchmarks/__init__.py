"""Reproducible performance benchmarks."""
