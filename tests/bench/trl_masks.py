"""Record the tokens and labels of TRL for conversations with template variables and training flags.

    python -m venv ENV && ENV/bin/pip install trl transformers torch datasets      (an environment of this bench alone)
    PYTHONPATH=. ENV/bin/python tests/bench/trl_masks.py

TRL's own `SFTTrainer` prepares the examples, with `assistant_only_loss` and a template whose `{% generation %}` marks
depend on the flag `training` of a message. What it makes is written to tests/data/trl_masks.json with the versions;
tests/trainer/test_trl_masks.py compares curate with it. Nothing is trained.
"""

import json
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.trainer.tiny import make_tokenizer

TEMPLATE: Final = (
    "{% if style %}{{ '<|im_start|>system\\nStyle: ' + style + '<|im_end|>\\n' }}{% endif %}"
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' and (message.get('training') is none or message['training']) %}"
    "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""ChatML with a variable `style` and a mask by `training`."""
RECORD: Final = Path(__file__).parent.parent / "data" / "trl_masks.json"
STYLES: Final = (None, "short", "in verse", "Ümlaut")
FLAGS: Final = ((None, None), (True, False), (False, True), (None, False), (False, None))


def conversations() -> list[dict[str, Any]]:
    """Twenty conversations: each style with each pair of flags."""
    found = []
    for number, (style, flags) in enumerate((style, flags) for style in STYLES for flags in FLAGS):
        messages: list[dict[str, Any]] = []
        for turn, flag in enumerate(flags):
            messages.append({"role": "user", "content": f"Number {number}: repeat apple {turn + 1} times."})
            answer = {"role": "assistant", "content": "apple " * turn + "apple, äpple"}
            messages.append(answer if flag is None else {**answer, "training": flag})
        found.append({"messages": messages, **({"chat_template_kwargs": {"style": style}} if style else {})})
    return found


def main() -> None:
    """Write the record."""
    import datasets
    import torch
    import transformers
    import trl

    tokenizer = make_tokenizer(TEMPLATE)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    model = transformers.LlamaForCausalLM(config)
    rows = []
    for value in conversations():
        with tempfile.TemporaryDirectory() as folder:
            wanted = trl.SFTConfig(
                folder, assistant_only_loss=True, max_length=None, report_to="none", use_cpu=True, bf16=False
            )
            trainer = trl.SFTTrainer(
                model, wanted, train_dataset=datasets.Dataset.from_list([value]), processing_class=tokenizer
            )
            batch = trainer.data_collator([trainer.train_dataset[0]])
        rows.append({"input_ids": batch["input_ids"][0].tolist(), "labels": batch["labels"][0].tolist()})
    versions = {"trl": trl.__version__, "transformers": transformers.__version__, "torch": torch.__version__}
    RECORD.write_text(json.dumps({"versions": versions, "rows": rows}, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
