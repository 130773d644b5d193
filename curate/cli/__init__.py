"""The command: `main` finds the verb, one module a verb parses, calls the engine and turns the result into an exit
code.
"""
