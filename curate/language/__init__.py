"""Language analysis: words, stems, names, numbers and quantities, negation, refusals, politeness. All other packages
use this one.
"""
