"""What every package uses: examples, findings, decisions, configuration, errors, text, files, limits, masking."""
