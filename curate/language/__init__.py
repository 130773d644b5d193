"""What texts say: words, stems, names, numbers and quantities, negation, refusals, politeness. Everything else asks here."""
