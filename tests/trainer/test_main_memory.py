"""Memory that is given back: pages of weights that are only read, and nothing that was written."""

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", exc_type=ImportError)
pytest.importorskip("transformers", exc_type=ImportError)


def mapped_mb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("RssFile"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such advice")
def test_pages_that_were_read_go_and_what_was_written_stays(tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.torch import save_file

    from train.model.main_memory import release_pages

    file = tmp_path / "model.safetensors"
    save_file({"a": torch.ones(32 << 20, dtype=torch.float16)}, file)
    with safe_open(file, "pt") as weights:
        read = weights.get_tensor("a")
    read[5] = 7
    assert read.max() == 7
    before = mapped_mb()
    release_pages()
    assert before - mapped_mb() > 50
    assert (read[5], read[6]) == (7, 1)
