"""Compiled Python code that is cut short, as a full disk leaves it. Imports nothing, since that could be cut, too."""


def cut_bytecode(error: EOFError) -> str:
    """The message with the next step for an error of an import of such a file; empty for any other error."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name == "_compile_bytecode":
            path = str(trace.tb_frame.f_locals.get("bytecode_path"))
            shown = path if path.isprintable() else ascii(path)
            return f"error: {shown}: this file of compiled Python code is cut short\n  next: delete it"
        trace = trace.tb_next
    return ""
