"""Replacement of private values by pseudonyms or labels, the same for the same value in all rows."""
