"""What llama.cpp itself says of an exported GGUF, beside the adapter in transformers: tokens, logits, most likely
answers.

    pip install llama-cpp-py-sync        # llama.cpp as a wheel, 5 MB; no part of curate needs it
    python -m tests.bench.llamacpp OUT   # OUT is the folder of tests.bench.exports

The GGUF of the adapter is laid over the GGUF of the base, which is written for it.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from curate.models.names import configuration
from train.export import gguf_file, gguf_layout
from train.export.questions import Questions, questions_for
from train.trained import Trained, open_trained

QUESTIONS = 50


class LlamaCpp:
    """A GGUF file as llama.cpp runs it, with a LoRA over it where one is named; keys and values in float32, as
    transformers has them here.
    """

    def __init__(self, file: Path, lora: Path | None = None) -> None:
        self.llama = import_module("llama_cpp_py_sync").Llama(
            str(file), n_ctx=1024, n_threads=1, type_k="f32", type_v="f32", flash_attn_type=0
        )
        ffi, lib = self.llama._ffi, self.llama._lib
        if lora is not None:
            self.adapter = lib.llama_adapter_lora_init(self.llama._model, str(lora).encode())
            assert self.adapter != ffi.NULL, "llama.cpp does not load the adapter"
            assert (
                lib.llama_set_adapters_lora(
                    self.llama._ctx,
                    ffi.new("struct llama_adapter_lora *[1]", [self.adapter]),
                    1,
                    ffi.new("float[1]", [1.0]),
                )
                == 0
            )

    def tokens(self, text: str) -> list[int]:
        """As llama.cpp cuts a prompt."""
        found: list[int] = self.llama.tokenize(text, add_special=False, parse_special=True)
        return found

    def answer(self, ids: Sequence[int], stops: Sequence[int], limit: int) -> tuple[Any, tuple[int, ...]]:
        """Logits behind the prompt, and the most likely answer."""
        self.llama._clear_context_state()
        past = self.llama._eval_tokens(list(ids), 0)
        first = logits = self._logits()
        found: list[int] = []
        while len(found) < limit and (token := int(logits.argmax())) not in stops:
            found.append(token)
            past = self.llama._eval_tokens([token], past)
            logits = self._logits()
        return first, tuple(found)

    def _logits(self) -> Any:
        pointer = self.llama._lib.llama_get_logits_ith(self.llama._ctx, -1)
        return np.frombuffer(self.llama._ffi.buffer(pointer, 4 * self.llama.n_vocab), dtype=np.float32).copy()


@torch.no_grad()
def reference(trained: Trained, questions: Questions) -> list[tuple[Any, tuple[int, ...]]]:
    """What the adapter on its base says in float32."""
    model, tokenizer = trained.tuned(quantised=False, dtype=torch.float32), trained.template().tokenizer
    found = []
    for prompt in questions.prompts:
        ids = torch.tensor([tokenizer(prompt, add_special_tokens=False)["input_ids"]])
        options = {
            "max_new_tokens": questions.max_new_tokens,
            "do_sample": False,
            "temperature": None,
            "top_p": None,
            "top_k": None,
        }
        said = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), eos_token_id=list(questions.stops),
            pad_token_id=tokenizer.pad_token_id,
            return_dict_in_generate=True, output_logits=True, **options,
        )  # fmt: skip
        answer = said.sequences[0, ids.shape[1] :].tolist()
        found.append((said.logits[0][0].numpy(), tuple(answer[:-1] if answer[-1] in questions.stops else answer)))
    return found


def bench(out: Path) -> None:
    """The table."""
    torch.set_num_threads(1)
    trained = open_trained(str(out / "run"))
    template = trained.template()
    questions = questions_for(trained, template, None, QUESTIONS)
    wanted = reference(trained, questions)
    config = configuration(trained.recipe.model)
    base = out / "base.gguf"
    gguf_file.write_model(
        trained.base(quantised=False, dtype=torch.float32),
        config,
        gguf_layout.family_of(config),
        template,
        questions.stops,
        "float32",
        "base",
        base,
    )
    print(f"{len(wanted)} held-out questions, at most {questions.max_new_tokens} tokens an answer")
    for name, file, lora in (
        ("merged GGUF", out / "gguf/model.gguf", None),
        ("base GGUF + adapter GGUF", base, out / "gguf-adapter/adapter.gguf"),
    ):
        engine = LlamaCpp(file, lora)
        asked = [template.ids(prompt) for prompt in questions.prompts]
        cut = sum(engine.tokens(prompt) == ids for prompt, ids in zip(questions.prompts, asked, strict=True))
        said = [engine.answer(ids, questions.stops, questions.max_new_tokens) for ids in asked]
        largest = max(float(np.abs(mine - theirs).max()) for (mine, _), (theirs, _) in zip(wanted, said, strict=True))
        same = sum(mine == theirs for (_, mine), (_, theirs) in zip(wanted, said, strict=True))
        print(
            f"{name}: prompts cut into the same tokens {cut}, max logit difference {largest:.2g}, same answers {same}"
        )


if __name__ == "__main__":
    bench(Path(sys.argv[1]))
