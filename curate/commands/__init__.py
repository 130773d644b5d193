"""The commands as functions, one module each: the same for the command line, Python, agents, editors and `run`."""
