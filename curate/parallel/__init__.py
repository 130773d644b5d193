"""Threads, processes, tasks of a Ray cluster, and compiled loops."""
