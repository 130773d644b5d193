"""The verbs of the trainer, one module each: parse, call, print, exit code."""
