"""Files and tables, here and at other places; outputs that are complete or absent; the store of results."""
