"""The base and the tuned model, loaded when the first question needs them, and only once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from train.attach import without
from train.loss import packs_exactly
from train.model import autocast, device
from train.trained import Trained


class Models:
    """Both models of a run."""

    def __init__(self, trained: Trained, loading: Callable[[], None]) -> None:
        """`loading` is called before weights are loaded."""
        self.trained, self._loading = trained, loading
        self._made: dict[bool, Any] = {}
        self._packs: dict[bool, bool] = {}

    @contextmanager
    def lent(self, *, tuned: bool) -> Iterator[tuple[Callable[[], Any], Callable[[], bool]]]:
        """While the block runs: the model, and whether it keeps packed texts apart."""
        with ExitStack() as stack:
            lent: list[Any] = []

            def model() -> Any:
                if not lent:
                    lent.append(self._load(tuned=True) if tuned else self._base(stack))
                return lent[0]

            def packs() -> bool:
                if tuned not in self._packs:
                    with autocast(self.trained.dtype):
                        self._packs[tuned] = self.trained.recipe.packing and packs_exactly(model(), device())
                return self._packs[tuned]

            yield model, packs

    def _base(self, stack: ExitStack) -> Any:
        # What full fine-tuning left has no base in it any more.
        return self._load(tuned=False) if self.trained.recipe.method == "full" else stack.enter_context(without(self._load(tuned=True)))

    def _load(self, *, tuned: bool) -> Any:
        if tuned not in self._made:
            self._loading()
            self._made.clear()  # two whole models may be one too many
            self._made[tuned] = self.trained.tuned() if tuned else self.trained.base()
        return self._made[tuned]
