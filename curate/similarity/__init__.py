"""Shingles, MinHash, LSH, exact joins and union-find on arrays. The package does not use examples."""
