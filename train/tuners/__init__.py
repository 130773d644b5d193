"""Tuners that PEFT does not have."""
