"""Shingles, MinHash, LSH, exact joins, union-find: arrays in, arrays out. Knows no example."""
