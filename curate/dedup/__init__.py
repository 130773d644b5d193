"""Exact and near-duplicates: clusters, keep policies, the fact guard."""
