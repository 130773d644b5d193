"""`python -m curate`: the same command, started so that nothing in the working folder can take our modules' place."""

import sys
from pathlib import Path

# Python puts the working folder first on the path of `python -m`; a `train.py`, `token.py` or `datasets.py` lying
# there would be imported by us or by a library in place of the real one.
OURS = Path(__file__).resolve().parent.parent
if sys.path and Path(sys.path[0] or ".").resolve() == Path.cwd() and Path.cwd() != OURS:
    del sys.path[0]

from curate.cli.bytecode import cut_bytecode  # noqa: E402


def start() -> int:
    """Run the command; returns its exit code, as `curate.cli.main.main` does, and 2 if that cannot be imported because
    a file of bytecode is cut short.
    """
    try:
        from curate.cli.main import main
    except EOFError as error:
        if message := cut_bytecode(error):
            sys.stderr.write(f"{message}\n")
            return 2
        raise
    return main()


if __name__ == "__main__":
    sys.exit(start())
