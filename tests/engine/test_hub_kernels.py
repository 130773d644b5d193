"""Libraries load no compiled code from the hub unless its variable allows it."""

import os
import sys
from types import ModuleType

import pytest

from curate.models.hub_kernels import without_hub_kernels


def imported() -> bool:
    """Whether the package of kernels can be imported."""
    try:
        import kernels  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: F401
    except ImportError:
        return False
    return True


@pytest.mark.parametrize(("said", "expected"), [(None, False), ("no", False), ("0", False), ("yes", True), ("1", True)])
def test_the_package_of_kernels_is_hidden_in_the_block(
    monkeypatch: pytest.MonkeyPatch, said: str | None, *, expected: bool
) -> None:
    package = ModuleType("kernels")
    monkeypatch.setitem(sys.modules, "kernels", package)
    monkeypatch.setenv("USE_HUB_KERNELS", said or "")
    if said is None:
        monkeypatch.delenv("USE_HUB_KERNELS")
    with without_hub_kernels():
        assert imported() is expected
    assert sys.modules["kernels"] is package


def test_transformers_is_told_and_what_was_not_imported_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USE_HUB_KERNELS", "")
    monkeypatch.delenv("USE_HUB_KERNELS")
    monkeypatch.delitem(sys.modules, "kernels", raising=False)
    with without_hub_kernels():
        assert not imported()
        assert os.environ["USE_HUB_KERNELS"] == "NO"
    assert "kernels" not in sys.modules
