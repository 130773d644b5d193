"""Sessions of coding agents as conversations: one file per format, and what they have in common."""
