"""Screens: they hold the view state, and convert keys to session calls."""
