"""Results as text for people and JSON for programs, one reporter per file. Reporters return text; callers print it."""
