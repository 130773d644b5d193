"""GGUF and Ollama: what is written says what the adapter says, in its form."""

import json
import re
import sys
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from curate.cli.main import main
from curate.core.errors import UsageError
from tests.conftest import full_disk
from tests.trainer.test_export import exported
from tests.trainer.tiny import CHATML, make_model, make_tokenizer, write_recipe, write_split


def fields(file: Path) -> dict[str, Any]:
    from gguf import GGUFReader

    return {name: field.contents() for name, field in GGUFReader(file).fields.items()}


@pytest.mark.slow
def test_a_model_for_ollama_has_weights_template_and_stops_of_the_training(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code, made = exported(finished / "run", "ollama", out, capsys, "--name", "words", "--prompts", "8")
    assert code == 0, made
    assert (made["proof"]["prompts"], made["proof"]["equal_texts"]) == (8, 8)
    assert 0 < made["proof"]["relative_error"] < 0.01
    assert [file["name"] for file in made["files"]] == ["Modelfile", "README.md", "create.sh", "model.gguf"]
    said = fields(out / "model.gguf")
    template = (finished / "run/template.jinja").read_text()
    assert (said["general.architecture"], said["tokenizer.ggml.pre"], said["tokenizer.chat_template"]) == (
        "llama",
        "gpt-2",
        template,
    )
    assert said["tokenizer.ggml.tokens"][said["tokenizer.ggml.eos_token_id"]] == "<|im_end|>"
    lines = (out / "Modelfile").read_text().splitlines()
    assert lines[0] == "FROM ./model.gguf"
    assert lines[-1] == 'PARAMETER stop "<|im_end|>"'
    assert not any(line.startswith("TEMPLATE") for line in lines), "Ollama takes the one in the GGUF file"
    assert "needs Ollama 0.33 or newer, which reads the chat template in model.gguf" in made["notes"]
    assert "ollama create words -f Modelfile" in (out / "create.sh").read_text()
    assert (out / "create.sh").stat().st_mode & 0o100


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "q8_0"])
def test_another_reader_finds_the_same_weights_in_the_file(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], dtype: str
) -> None:
    """The file is proved by curate's reader, one tensor at a time; here transformers reads it."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from train.export import gguf_file, gguf_layout
    from train.trained import open_trained

    out = tmp_path / "out"
    code, made = exported(finished / "run", "gguf", out, capsys, "--prompts", "4", "--dtype", dtype)
    assert (code, made["dtype"]) == (0, dtype), made
    config = AutoConfig.from_pretrained(finished / "model")
    ours = gguf_file.load_model(out / "model.gguf", torch.float32, config, gguf_layout.family_of(config)).state_dict()
    theirs = AutoModelForCausalLM.from_pretrained(out, gguf_file="model.gguf", dtype=torch.float32).state_dict()
    whole = (
        open_trained(str(finished / "run")).tuned(quantised=False, dtype=torch.float32).merge_and_unload().state_dict()
    )
    assert ours.keys() == theirs.keys() == whole.keys()
    for name, tensor in whole.items():
        assert torch.equal(ours[name], theirs[name]), name
        step = {"float16": 2**-11, "bfloat16": 2**-8, "q8_0": 2**-7}[dtype] * float(tensor.abs().max())
        assert float((ours[name] - tensor).abs().max()) <= step, name
    if dtype == "q8_0":
        assert (out / "model.gguf").stat().st_size < 0.7 * sum(2 * one.numel() for one in whole.values()) + 40_000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of the size of files")
@pytest.mark.parametrize("form", ["gguf", "gguf-adapter"])
def test_a_limit_that_a_tensor_exceeds_is_named(
    form: str, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """NumPy reports the bytes that it has written, and no cause: a full disk, a quota or a limit of the size."""
    with full_disk(60_000):
        code, told = exported(finished / "run", form, tmp_path / "out", capsys, "--prompts", "1")
    assert code == 2
    assert "out: cannot be written: File too large" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_file_is_closed_whatever_ends_its_writing(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gguf import GGUFWriter

    writers = []

    def interrupted(writer: Any, *_: Any) -> None:
        writers.append(writer)
        raise KeyboardInterrupt

    monkeypatch.setattr(GGUFWriter, "write_tensor_data", interrupted)
    assert exported(finished / "run", "gguf", tmp_path / "out", capsys, "--prompts", "1")[0] == 130
    assert [writer.fout for writer in writers] == [None]
    assert not (tmp_path / "out").exists()


TOOLS: dict[str, tuple[str, str | None]] = {
    "copies": ("shutil.copyfile(sys.argv[1], sys.argv[2])", None),
    "damages": ("pathlib.Path(sys.argv[2]).write_bytes(pathlib.Path(sys.argv[1]).read_bytes()[:-20000] + bytes(20000))",
                "differs from the adapter"),
    "fails": ("sys.exit('no such type')", "llama-quantize ended with 1: no such type"),
}  # fmt: skip
"""What a tool in place of llama.cpp's does, and why the export is refused then."""


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
def test_k_quants_are_written_by_llama_quantize_and_compared(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    out, (code, refusal) = tmp_path / "out", TOOLS[tool]
    words = ["export", str(finished / "run"), "--to", "gguf", "-o", str(out), "--prompts", "4", "--dtype", "q4_K_M"]
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([*words, "--quiet"]) == 2
    assert "llama-quantize of llama.cpp writes it, and is not on the PATH" in capsys.readouterr().err
    script = tmp_path / "llama-quantize"
    script.write_text(f"#!{sys.executable}\nimport pathlib, shutil, sys\nassert sys.argv[3] == 'Q4_K_M'\n{code}\n")
    script.chmod(0o755)
    status = main([*words, "--quiet", "--json"])
    captured = capsys.readouterr()
    if refusal is None:
        made = json.loads(captured.out)
        assert (status, made["dtype"], made["proof"]["equal_texts"]) == (0, "q4_K_M", 4)
        assert "model.gguf" in {file["name"] for file in made["files"]}
        assert not list(out.glob("whole-*"))
    else:
        assert status == 2
        assert refusal in captured.err
        assert not (out / "model.gguf").exists()


@pytest.mark.slow
def test_a_model_whose_output_layer_is_its_embedding_is_read_back(tmp_path: Path) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from curate.models.template import Template
    from train.export import gguf_file, gguf_layout

    template = Template(make_tokenizer())
    config = LlamaConfig(
        vocab_size=len(template.tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True,
    )  # fmt: skip
    model, family, file = LlamaForCausalLM(config), gguf_layout.family_of(config), tmp_path / "model.gguf"
    gguf_file.write_model(model, config, family, template, (2,), "float32", "words", file)
    read = gguf_file.load_model(file, torch.float32, config, family)
    assert read.get_output_embeddings().weight is read.get_input_embeddings().weight
    assert all(torch.equal(tensor, read.state_dict()[name]) for name, tensor in model.state_dict().items())


@pytest.mark.slow
def test_factors_alone_are_scaled_as_in_the_training(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from gguf import GGUFReader
    from safetensors.numpy import load_file

    out = tmp_path / "out"
    code, made = exported(finished / "run", "gguf-adapter", out, capsys, "--prompts", "4")
    assert (code, made["proof"]["equal_texts"]) == (0, 4)
    said = fields(out / "adapter.gguf")
    assert (said["general.type"], said["adapter.type"], said["adapter.lora.alpha"]) == ("adapter", "lora", 32.0)
    tensors = {tensor.name: tensor.data for tensor in GGUFReader(out / "adapter.gguf").tensors}
    trained = load_file(finished / "run/adapter/adapter_model.safetensors")
    up = trained["base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight"]
    # Four heads of 16 rows: the halves of each head lie in turn.
    assert np.array_equal(tensors["blk.1.attn_q.weight.lora_b"], up.reshape(4, 2, 8, 16).swapaxes(1, 2).reshape(64, 16))
    assert np.array_equal(
        tensors["blk.1.attn_v.weight.lora_b"], trained["base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight"]
    )


@pytest.mark.slow
def test_a_tokenizer_that_llama_cpp_would_cut_differently_is_refused() -> None:
    from tokenizers import pre_tokenizers

    from train.export.gguf_layout import cut_of

    tokenizer = make_tokenizer()
    assert cut_of(tokenizer) == "gpt-2"
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), plain]
    )
    assert cut_of(tokenizer) == "smollm"
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Punctuation(), plain])
    with pytest.raises(UsageError, match="no name for the pre-tokenizer"):
        cut_of(tokenizer)


@pytest.mark.slow
def test_models_outside_the_family_are_told_what_else_there_is() -> None:
    from transformers import GPT2Config, LlamaConfig, MistralConfig

    from train.export.gguf_layout import family_of

    assert family_of(LlamaConfig()).permutes
    for config in (GPT2Config(), MistralConfig(sliding_window=4096)):
        with pytest.raises(UsageError) as refused:
            family_of(config)
        assert "convert_hf_to_gguf.py" in refused.value.hint


@pytest.mark.slow
def test_scaled_positions_are_told_as_transformers_computes_them() -> None:
    import torch
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    from train.export.gguf_layout import frequency_factors

    rope = {
        "rope_type": "llama3",
        "rope_theta": 500_000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    config = LlamaConfig(
        hidden_size=512,
        num_attention_heads=4,
        rope_parameters={**rope, "original_max_position_embeddings": 8192},
        max_position_embeddings=131072,
    )
    wanted, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
    plain = 1.0 / 500_000.0 ** (torch.arange(0, 128, 2).double() / 128)
    assert torch.allclose(
        plain / torch.tensor(list(frequency_factors(config)), dtype=torch.float64), wanted.double(), rtol=1e-5
    )
    assert json.dumps(list(frequency_factors(LlamaConfig()))) == "[]"


def read_modelfile(text: str) -> dict[str, list[str]]:
    """The commands of a Modelfile as Ollama 0.33 reads them: without characters that Go does not print, a value in
    quotes to the line whose end closes them, and no escapes.
    """
    printed = "".join(c for c in text if c in " \t\r\n" or unicodedata.category(c)[0] in "LMNPS")
    commands: dict[str, list[str]] = {}
    lines = iter(re.split(r"(?<=[\r\n])", printed))
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        name, value = line.split(" ", 1)
        quote = next((mark for mark in ('"""', '"') if value.startswith(mark)), "")
        while quote and (len(value.strip()) < 2 * len(quote) or not value.strip().endswith(quote)):
            value += next(lines)
        commands.setdefault(name, []).append(value.strip()[len(quote) : len(value.strip()) - len(quote)])
    return commands


KEPT = (
    "Answer in words.", ' leading and trailing\n\n# no comment\nPARAMETER stop "x"\n ', 'a "quote" at the "end"', '"',
    "tab\tand\r\nlines", r"back\slash \n", "Ünïcödé 漢字 ❤️ {{ .System }}",
)  # fmt: skip
LOST = {
    "": "is empty",
    'three """ quotes': 'contains """',
    "a\u00a0b": "contains U+00A0",
    "\U0001f469\u200d\U0001f4bb": "contains U+200D",
    "\u3000": "contains U+3000",
    "\ud800": "contains U+D800",
    "\x07": "contains U+0007",
}


@pytest.mark.parametrize("system", [*KEPT, *LOST, None])
def test_ollama_reads_the_system_message_of_the_training_or_none(system: str | None, tmp_path: Path) -> None:
    from curate.models.template import Template
    from train.export import modelfile

    template = Template(make_tokenizer(end='</\\s"é>'))
    stops = template.tokenizer.convert_tokens_to_ids(["<|im_end|>", '</\\s"é>'])
    given: Any = SimpleNamespace(stops=tuple(stops), system=system, context=1536)
    notes = modelfile.write(tmp_path, "words", template, given, given)
    read = read_modelfile((tmp_path / "Modelfile").read_bytes().decode())
    assert read["FROM"] == ["./model.gguf"]
    assert read["PARAMETER"] == ['stop "<|im_end|>"', 'stop "</\\s"é>"']
    assert read.get("SYSTEM") == ([system] if system in KEPT else None)
    reason = f"the system message of the training {LOST.get(system or '')}"
    assert any(reason in note for note in notes) is (system in LOST)


@pytest.mark.parametrize("tokens", [4096, 4097])
def test_ollama_reads_conversations_as_long_as_those_of_the_training(tokens: int, tmp_path: Path) -> None:
    from curate.models.template import Template
    from train.export import modelfile

    given: Any = SimpleNamespace(stops=(), system=None, context=tokens)
    modelfile.write(tmp_path, "words", Template(make_tokenizer()), given, given)
    read = read_modelfile((tmp_path / "Modelfile").read_text())
    assert read.get("PARAMETER", []) == ([f"num_ctx {tokens}"] if tokens > 4096 else [])


@pytest.mark.slow
@pytest.mark.parametrize("before", ["", "{{ bos_token }}"])
def test_llama_cpp_begins_a_prompt_as_the_training_does(
    before: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its server drops the BOS token that a template writes if it adds one to each text."""
    from tokenizers.processors import TemplateProcessing

    make_model(tmp_path / "model", layers=1)
    tokenizer = make_tokenizer(before + CHATML)
    bos = tokenizer.bos_token_id
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", bos)]
    )
    tokenizer.save_pretrained(tmp_path / "model")
    write_split(tmp_path / "split")
    recipe = write_recipe(tmp_path, max_steps=1, generations=0, dtype="float32", method="lora")
    assert main(["train", str(recipe), "--run-dir", str(tmp_path / "run"), "--quiet"]) == 0
    capsys.readouterr()
    code, made = exported(tmp_path / "run", "gguf", tmp_path / "out", capsys, "--prompts", "1")
    assert code == 0, made
    file = fields(tmp_path / "out/model.gguf")
    turns = [{"role": "user", "content": "Number 3: repeat south twice."}]
    how: dict[str, Any] = {"tokenize": False, "add_generation_prompt": True}
    trained = tokenizer.apply_chat_template(turns, **how)
    rendered = tokenizer.apply_chat_template(turns, chat_template=file["tokenizer.chat_template"], **how)
    adds = file["tokenizer.ggml.add_bos_token"]
    ids = tokenizer(rendered.removeprefix("<s>") if adds else rendered, add_special_tokens=False)["input_ids"]
    assert [bos] * adds + ids == tokenizer(trained, add_special_tokens=False)["input_ids"]
