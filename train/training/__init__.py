"""A training: the loop, its callback, checkpoints, preference objectives and held-out measurements."""
