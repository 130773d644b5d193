"""A causal language model on this machine as a judge: the probability of yes against no."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from curate.conflicts.judges.prompt import YES_OR_NO_PROMPT, judge_prompt
from curate.conflicts.judges.verdict_cache import QuestionPair
from curate.conflicts.judging import JudgeVerdict
from curate.core.errors import ModelError
from curate.core.text import storable
from curate.models.model_loading import causal_model

BATCH_SIZE: Final = 8
MAX_TOKENS: Final = 2_048
"""Maximum number of tokens of a prompt; longer ones are truncated at the beginning."""


class Local:
    """A model by its folder, hub id or package."""

    leaves = False
    price: tuple[float, float] | None = None
    reply_tokens = 1

    def __init__(self, name: str) -> None:
        self.name = name

    def message(self, pair: QuestionPair) -> str:
        """The message about a pair."""
        return judge_prompt(*pair, YES_OR_NO_PROMPT)

    def verdicts(self, pairs: Sequence[QuestionPair]) -> Iterator[JudgeVerdict | None]:
        """A verdict for each pair, in order; none is None. Raises as `chances` does."""
        for chance in self.chances([self.message(pair) for pair in pairs]):
            yield JudgeVerdict(chance > 0.5, f"yes with a probability of {chance:.2f}")

    def chances(self, messages: Sequence[str]) -> Iterator[float]:
        """The probability that the reply to each message is Yes and not No, as the next token. Raises `ModelError`,
        `MissingExtra`.
        """
        model, tokenizer = _load(self.name)
        yes, no = (
            sorted({tokenizer(word, add_special_tokens=False)["input_ids"][0] for word in words})
            for words in (("Yes", " Yes", "yes"), ("No", " No", "no"))
        )
        import torch  # loaded by then

        for start in range(0, len(messages), BATCH_SIZE):
            prompts = [_prompt(tokenizer, storable(message)) for message in messages[start : start + BATCH_SIZE]]
            inputs = tokenizer(
                prompts,
                return_tensors="pt",
                padding=True,
                truncation=True,
                max_length=MAX_TOKENS,
                add_special_tokens=False,
            ).to(model.device)
            with torch.inference_mode():
                logits = model(**inputs, logits_to_keep=1).logits[:, -1].float()
            sides = torch.stack([logits[:, tokens].logsumexp(1) for tokens in (yes, no)], 1).softmax(1)
            yield from sides[:, 0].tolist()


def _load(name: str) -> tuple[Any, Any]:
    model, tokenizer = causal_model(name, "judging by a language model", padding_side="left", truncation_side="left")
    if tokenizer.chat_template is None:
        raise ModelError(f"{name}: the tokenizer has no chat template", "name an instruction-tuned model")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def _prompt(tokenizer: Any, message: str) -> str:
    rendered: str = tokenizer.apply_chat_template(
        [{"role": "user", "content": message}], tokenize=False, add_generation_prompt=True
    )
    return rendered
