"""Evaluation: the tuned model against its base with a good prompt, on the held-out split."""
