"""A token classification model without layers: the label of a token depends on the token alone."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from curate.models.model_loading import quiet_loading

WORDS = {
    "maria": "B-PER", "keller": "L-PER", "tom": "U-PER", "kell": "B-PER", "##ogg": "O", "siemens": "B-ORG",
    "acme": "B-ORG", "corp": "L-ORG", "ag": "L-ORG", "berlin": "U-LOC",
    "jean": "B-PER", "luc": "L-PER", "o": "B-PER", "brien": "L-PER", "nguy": "B-PER", "##ễn": "O", "田中太郎": "U-PER",
}  # fmt: skip
"""Tokens, each with its label of the scheme BILOU; `Kellogg` and `Nguyễn` are cut, and half of them
has no label."""
OTHERS = ("writes", "to", "today", "and", ".", ",", "`", ":")
MAX_TOKENS = 16


@cache
def tiny_entities(labels: tuple[str, ...] = ("PER", "ORG", "LOC")) -> str:
    """A folder with the model, whose kinds of entities have these names."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

    kinds = dict(zip(("PER", "ORG", "LOC"), labels, strict=True))
    tags = ["O", *(f"{place}-{kind}" for kind in kinds for place in "BILU")]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, *OTHERS]
    tokenizer = Tokenizer(models.WordPiece({token: index for index, token in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=len(tags), num_hidden_layers=0, num_attention_heads=1,
        max_position_embeddings=MAX_TOKENS,
        id2label={
            index: tag if tag == "O" else f"{tag[:2]}{kinds[tag[2:]]}" for index, tag in enumerate(tags)
        },
    )  # fmt: skip
    model = BertForTokenClassification(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.bert.embeddings.LayerNorm.weight.fill_(1)
        for index, token in enumerate(vocabulary):
            model.bert.embeddings.word_embeddings.weight[index, tags.index(WORDS.get(token, "O"))] = 1
        model.classifier.weight.copy_(torch.eye(len(tags)))
    folder = Path(tempfile.mkdtemp(prefix="curate-entities-"))  # for all tests of the process, so not pytest's
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with quiet_loading():
        model.save_pretrained(folder)
        PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
            model_max_length=MAX_TOKENS,
        ).save_pretrained(folder)  # fmt: skip
    return str(folder)
