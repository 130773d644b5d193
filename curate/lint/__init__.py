"""The linter: runner, fixes, baseline and suppressions. The rules are in `curate.lint.rules`, one file per family."""
