"""Documents about a split for those who receive it: filled in from its manifest, with a marked blank for what is not
known.
"""
