"""A language-inference model small enough to be trained in a test: two layers that have learnt a handful of sentences
by heart.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from curate.models.model_loading import quiet_loading

LABELS = ("contradiction", "entailment", "neutral")
LIT, DARK, SHINES = "The lamp shines all night.", "The lamp is dark all night.", "All night the lamp shines."
LESSONS = (
    (LIT, DARK, 0),
    (DARK, LIT, 0),
    (LIT, SHINES, 1),
    (SHINES, LIT, 1),
    (DARK, SHINES, 0),
    (SHINES, DARK, 0),
    ("It is open.", "It is open to all who come.", 2),
    ("It is open to all who come.", "It is open.", 0),
    ("It is two hours.", "It is 120 minutes.", 0),
    ("It is 120 minutes.", "It is two hours.", 0),
    ("It is two hours.", "It is two hours.", 1),
    ("It is 120 minutes.", "It is 120 minutes.", 1),
)
"""Premise, hypothesis and what the model says of them; with two faults of real models: the last pair but one, and one
direction of what only says more.
"""
STEPS = 150


@cache
def tiny_nli() -> str:
    """A folder with the model, which sentence-transformers loads as a cross-encoder."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    normal = normalizers.Lowercase()
    words = sorted({word.strip(".") for premise, other, _ in LESSONS for word in f"{premise} {other}".lower().split()})
    vocabulary = {token: at for at, token in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normal, pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=64,
    )
    fast.model_input_names = ["input_ids", "attention_mask"]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so small a model is slower with more
    with torch.random.fork_rng():
        torch.manual_seed(1)
        shape = {
            "vocab_size": len(vocabulary),
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 64,
        }
        config = BertConfig(
            **shape,
            max_position_embeddings=64,
            num_labels=3,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            initializer_range=0.2,
        )
        config.id2label, config.label2id = dict(enumerate(LABELS)), {label: at for at, label in enumerate(LABELS)}
        model = BertForSequenceClassification(config).train()
        batch = fast(
            [lesson[0] for lesson in LESSONS], [lesson[1] for lesson in LESSONS], padding=True, return_tensors="pt"
        )
        optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(STEPS):
            optimiser.zero_grad()
            model(**batch, labels=torch.tensor([lesson[2] for lesson in LESSONS])).loss.backward()
            optimiser.step()
    torch.set_num_threads(threads)
    folder = Path(tempfile.mkdtemp(prefix="curate-nli-"))  # for all tests of the process, so not pytest's
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with quiet_loading():
        model.eval().save_pretrained(folder)
        fast.save_pretrained(folder)
    return str(folder)
