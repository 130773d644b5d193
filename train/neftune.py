"""NEFTune (Jain et al. 2023): uniform noise on the embeddings while training.

transformers has it too, but takes a pack for one text: the noise of each would be too small.
"""

from typing import Any

import torch
from torch import Tensor

from train.pack import Pack


class Noise:
    """Noise of up to alpha / sqrt(tokens of the text * hidden size) on the embeddings of the passes that are announced."""

    def __init__(self, model: Any, alpha: float) -> None:
        self.alpha = alpha
        self._most: Tensor | None = None
        if alpha:
            model.get_input_embeddings().register_forward_hook(self._noisy)

    def announce(self, packed: Pack) -> None:
        """The next forward pass is one of training, over this pack."""
        if self.alpha:
            self._most = torch.cat([packed.weights.new_full((length,), self.alpha / length**0.5) for length in packed.lengths])

    def _noisy(self, _module: Any, _arguments: Any, output: Tensor) -> Tensor:
        most, self._most = self._most, None
        if most is None:
            return output
        noisy: Tensor = output + torch.empty_like(output).uniform_(-1, 1) * (most / output.shape[-1] ** 0.5)[None, :, None].to(output.dtype)
        return noisy
