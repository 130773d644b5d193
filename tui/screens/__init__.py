"""Screens: they hold what is being looked at, and turn keys into calls of the session."""
