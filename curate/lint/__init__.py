"""The checks: the runner, fixes, baseline and suppressions; the rules are in `curate.lint.rules`, one file a family."""
