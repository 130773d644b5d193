"""Default models, used if none is named and they are installed or cached. Models that the user did not name are
never downloaded.
"""

import sys
from importlib.util import find_spec
from typing import Final

from curate.core.config import NO_MODEL, ConflictsConfig
from curate.models.names import MODELS, OFFLINE_PREFIX

# As of November 2026; the first one that is at hand is taken.
EMBEDDINGS: Final = ("offline:all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")
NLI: Final = ("cross-encoder/nli-deberta-v3-base",)
READERS: Final = ("offline:curate-judge",)
MODEL_KEYS: Final = ("embeddings", "nli", "reader", "same_question")
"""The keys of the models of a search; a judge is asked about what they leave."""
SEMANTIC: Final = "`pip install 'curate-chat[semantic]'` (90 MB, and PyTorch if it is missing)"
"""How to install an embedding model."""
JUDGING: Final = f"`--nli {NLI[0]}` (740 MB, downloaded once)"
"""How to install an NLI model."""
READING: Final = "`pip install ./judge` in a clone of curate's repository (96 MB, and PyTorch if it is missing)"
"""How to install a model that reads long answers: no package index has it."""


def with_default_models(config: ConflictsConfig) -> ConflictsConfig:
    """The configuration, with available default models where none is named, and without models where `none` is."""
    stripped = sys.flags.optimize > 1  # transformers makes code of docstrings, which python -OO has not
    usable = config.models and not stripped
    semantic = usable and find_spec("sentence_transformers") is not None
    chosen = {}
    for key, names, available in (
        ("embeddings", EMBEDDINGS, semantic),
        ("nli", NLI, semantic),
        ("reader", READERS, usable),
    ):
        named = getattr(config, key)
        chosen[key] = "" if named == NO_MODEL else named or (at_hand(names) if available else "")
    return config.model_copy(update=chosen)


def at_hand(names: tuple[str, ...]) -> str:
    """The first of these models that is available on this machine; empty if none is."""
    return next((name for name in names if _is_at_hand(name)), "")


def _is_at_hand(name: str) -> bool:
    """Whether a model is part of an installed package or in the hub's cache on this machine."""
    if name.startswith(OFFLINE_PREFIX):
        model = MODELS.get(name.removeprefix(OFFLINE_PREFIX))
        return model is not None and all(find_spec(package) for package in (model.package, *model.needs))
    from huggingface_hub import try_to_load_from_cache  # comes with sentence-transformers

    return isinstance(try_to_load_from_cache(name, "config.json"), str)
