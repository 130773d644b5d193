"""The command line: one module per command parses options, calls the engine and returns an exit code."""
