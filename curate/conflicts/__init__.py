"""Contradictions between examples: which questions are the same, which answers cannot both hold, and the models that help to tell."""
