"""Shared by all packages: examples, findings, decisions, configuration, errors, text, limits, masking."""
