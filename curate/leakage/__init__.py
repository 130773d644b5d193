"""Leaks against benchmarks."""
