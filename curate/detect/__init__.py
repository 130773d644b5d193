"""Detectors: they find duplicates and conflicts, and decide nothing."""
