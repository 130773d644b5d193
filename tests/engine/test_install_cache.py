"""`curate --install-cache`."""

import subprocess
import sys

import pytest

CODE = """
import sys
from curate.cli.main import main

status = main(["--install-cache"])
from curate.similarity.numba_utils import Kernel

kernels = {value for module in list(sys.modules.values()) for value in vars(module).values() if type(value) is Kernel}
counts = {kernel.py_func.__name__: len(kernel.dispatcher.signatures) for kernel in kernels}
print(status, len(counts) > 15, *sorted(name for name, count in counts.items() if count != 1 and name[0] != "_"))
"""
INLINED = {"decoded", "jaccard", "mixed", "root", "similarity", "sort_few"}
"""Functions that only compiled functions call, which contain them."""


@pytest.mark.slow
def test_each_compiled_function_is_compiled_once() -> None:
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    status, some, *names = ran.stdout.splitlines()[-1].split()
    assert (status, some, set(names) - INLINED) == ("0", "True", set())
