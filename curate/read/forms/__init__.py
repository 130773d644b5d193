"""The forms of chat data: one module for each family, joined by the table in `curate.read.formats`."""
