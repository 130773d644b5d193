"""Contradictions between examples: same questions, clash rules, NLI, judges."""
