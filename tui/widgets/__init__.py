"""Widgets: each draws what it is given, and posts a message for user input."""
