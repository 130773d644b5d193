"""What `curate merge --json` prints; `merge.json` beside the adapter."""

from train.report import Part


class Member(Part):
    """One of the adapters, and what became of what it had learnt."""

    run: str
    """Folder of its run."""
    key: str
    """Of its run: hash over recipe, data and base model."""
    adapter_sha256: str
    weight: float
    rank: int
    held_out: str
    """Its own held-out split."""
    questions: int
    """Of that split, which were measured on."""
    base_loss: float
    """Mean loss per supervised token of the base, in nats."""
    alone_loss: float
    """With this adapter alone."""
    composed_loss: float
    """With all of them."""
    kept: float | None
    """Share of what it gained over the base that is left; null where it had gained nothing."""


class Composition(Part):
    """Several adapters as one."""

    folder: str
    model: str
    """The base model, as the first recipe names it."""
    base: str
    """Fingerprint of the base model."""
    template: str
    """SHA-256 of the chat template that all were trained with."""
    rank: int
    """Of the composition: the sum of theirs."""
    members: tuple[Member, ...]
