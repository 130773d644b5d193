"""Batches of texts for a model, computed on this machine or as tasks of a Ray cluster, with the same results.

In bfloat16 and with padding, the output of a model for a text depends slightly on its batch. Therefore batches are made
here and are the same on every executor. A worker with other hardware would give other results and is refused.
"""

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from curate.core.errors import CurateError
from curate.core.text import visible
from curate.models.model_loading import longest_input
from curate.models.names import fingerprint
from curate.parallel.cluster import MODEL_PACKAGES, PACKAGES, ClusterPool, Executor
from curate.parallel.worker_pool import parallel_map
from curate.storage.freed_memory import reuse_freed, trim_heap

Made = TypeVar("Made")
BATCH_TOKENS: Final = 2048
"""Number of tokens in a batch, padding included: on a CPU, larger batches are not faster and take more memory."""
TOKENIZED_TEXTS: Final = 1024


class ModelLoader(NamedTuple):
    """A function that loads a model, with its arguments, for any process."""

    load: Callable[..., Any]
    name: str
    exact: bool = False
    """See `sentence_encoder`."""

    def __call__(self) -> Any:
        """A `SentenceTransformer` or a `CrossEncoder`. Raises as `sentence_encoder` does."""
        return self.load(self.name, exact=True) if self.exact else self.load(self.name)


class _Pools:
    """The pools of a cluster, one for each model, with that model in their workers."""

    def __init__(self, executor: Executor, opened: ExitStack) -> None:
        self.executor, self.opened, self.of = executor, opened, dict[ModelLoader, ClusterPool]()

    def pool(self, loader: ModelLoader, model: Any) -> ClusterPool:
        """The pool of the model that `loader` loads, opened at the first call."""
        if loader not in self.of:
            anew = partial(_loaded_alike, loader, _model_identity(loader, model))
            gpu = model.device.type == "cuda"
            pool = self.executor.cluster(anew, packages=(*PACKAGES, *MODEL_PACKAGES), gpu=gpu)
            self.of[loader] = self.opened.enter_context(pool)
        return self.of[loader]


_pools: ContextVar[_Pools | None] = ContextVar("_pools", default=None)


@contextmanager
def models_on(executor: Executor) -> Iterator[None]:
    """Run the computations of `each_batch` on the executor during the block."""
    with ExitStack() as opened:
        before = _pools.set(_Pools(executor, opened) if executor.remote else None)
        try:
            if executor.remote:
                opened.enter_context(executor.cluster())  # stay connected; fail at once without a connection
            yield
        finally:
            _pools.reset(before)


def each_batch(
    compute: Callable[[Any, list[Any]], Made], texts: Sequence[Any], loader: ModelLoader, model: Any
) -> Iterator[tuple[list[int], Made]]:
    """The positions of each batch, and the result of `compute` for the model and the texts of the batch, in order.

    On a CPU, each core computes its own batch: cores that share a batch wait for each other, on a busy machine for
    twice the time of the computation.
    """
    import torch

    threads = torch.get_num_threads()
    reuse_freed()
    batch_positions, pools, in_one_thread = batches(texts, model), _pools.get(), partial(_in_one_thread, compute)
    try:
        for first in batch_positions:  # sets how the tokenizer pads, which it may not do while another thread uses it
            yield first, compute(model, [texts[index] for index in first])
            break
        rest = list(batch_positions)
        items = ([texts[index] for index in batch] for batch in rest)
        if pools is not None and rest:
            computed = pools.pool(loader, model).each(in_one_thread, items)
        else:
            computed = parallel_map(partial(in_one_thread, model), items, threads if model.device.type == "cpu" else 1)
        yield from zip(rest, computed, strict=True)
    finally:
        torch.set_num_threads(threads)
        trim_heap()


def _in_one_thread(compute: Callable[[Any, list[Any]], Made], model: Any, texts: list[Any]) -> Made:
    """The result of `compute`, for which torch uses this thread alone."""
    import torch

    torch.set_num_threads(1)  # of this thread
    return compute(model, texts)


def _loaded_alike(loader: ModelLoader, expected: tuple[str, str]) -> Any:
    """The model in a worker. Raises `CurateError` if its results would differ."""
    model = loader()
    if (actual := _model_identity(loader, model)) != expected:
        differ = next(
            f"{actual_part}, not {expected_part}"
            for actual_part, expected_part in zip(actual, expected, strict=True)
            if actual_part != expected_part
        )
        raise CurateError(
            f"--engine ray: node {platform.node()} computes {visible(loader.name)} with {visible(differ)}",
            "use nodes of one kind, with the same files of the model: others give other results",
        )
    return model


def _model_identity(loader: ModelLoader, model: Any) -> tuple[str, str]:
    """The identity of a model apart from package versions: its files, and the processor with the precision."""
    import torch

    if model.device.type == "cuda":
        processor = torch.cuda.get_device_name()
    else:
        table = Path("/proc/cpuinfo")
        lines = table.read_text().splitlines() if table.is_file() else []
        processor = next(
            (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
        )
    return f"files {fingerprint(loader.name)}", f"{next(model.parameters()).dtype} on {processor}"


def batches(texts: Sequence[str] | Sequence[tuple[str, str]], model: Any) -> Iterator[list[int]]:
    """Positions of texts, or of pairs of texts, in batches, short ones first.

    `model`: a `SentenceTransformer` or a `CrossEncoder`.
    """
    batch: list[int] = []
    for length, index in sorted((length, index) for index, length in enumerate(_lengths(texts, model))):
        if batch and (len(batch) + 1) * length > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _lengths(texts: Sequence[Any], model: Any) -> Iterator[int]:
    """The number of tokens of each text that the model reads; an estimate for a static model, which does not pad."""
    if not callable(model.tokenizer):
        yield from (1 + len(text) // 4 for text in texts)
        return
    for start in range(0, len(texts), TOKENIZED_TEXTS):
        part = list(texts[start : start + TOKENIZED_TEXTS])
        both = tuple(map(list, zip(*part, strict=True))) if isinstance(part[0], tuple) else (part,)
        limits = {"truncation": True, "max_length": longest_input(model)}
        cut = model.tokenizer(*both, **limits, return_attention_mask=False, return_token_type_ids=False, verbose=False)
        yield from map(len, cut["input_ids"])
