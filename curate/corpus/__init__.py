"""Features of each example as columns: offsets, ids, keys, shingle sets; and their cache."""
