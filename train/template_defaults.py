"""The variables that the chat template had in training, as a server renders prompts: by default, or with
`chat_template_kwargs`.

Training renders each answer with `enable_thinking` true if it has reasoning, and false if not. vLLM, SGLang and
transformers leave the variable undefined unless a request sets it; llama.cpp sets it to true.
"""

import datetime
import json
import re
from collections.abc import Mapping
from copy import copy
from typing import Any, Final

from curate.models.template import Template

THINKING: Final = "enable_thinking"
VARIABLES: Final = "chat_template_kwargs"


def takes_thinking(source: str) -> bool:
    """Whether a chat template reads `enable_thinking`."""
    return THINKING in source


def is_mixed(reasoning: float | None) -> bool:
    """Whether some of the training examples have reasoning and some have not. `reasoning`: their share."""
    return reasoning is not None and 0 < reasoning < 1


def differing_variables(template: Template, shared: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of the training without which the template renders another prompt; empty if there are none.

    `shared`: what all training examples give the template (`OnBase.shared`).
    """
    variables: dict[str, Any] = dict(shared.get(VARIABLES, {}))
    trained = prompt_with(template, shared, variables)
    for name in sorted(variables):
        others = {key: value for key, value in variables.items() if key != name}
        if prompt_with(template, shared, others) == trained:
            variables = others
    return variables


def prompt_with(template: Template, shared: Mapping[str, Any], variables: Mapping[str, Any]) -> str | None:
    """The prompt after a short question with these variables; None if the template refuses it."""
    turns = [{"role": role, "content": "-"} for role in ("user", "assistant")]
    return template.prompt({"tools": shared.get("tools"), "messages": turns}, variables)


def with_defaults(
    template: Template, shared: Mapping[str, Any], reasoning: float | None
) -> tuple[Template, dict[str, Any]]:
    """The template with the variables of the training as its defaults, and those variables; unchanged, and none, where
    it renders the prompts of the training without them or cannot set them. `reasoning`: see `OnBase.reasoning`.
    """
    differing = differing_variables(template, shared)
    defaults = {
        name: value
        for name, value in differing.items()
        if name.isidentifier()
        and isinstance(value, bool | int | float | str)
        and not (name == THINKING and is_mixed(reasoning))
    }
    if not defaults:
        return template, {}
    tokenizer = copy(template.tokenizer)
    tokenizer.chat_template = (
        "".join(
            f"{{% if {name} is not defined %}}{{% set {name} = {json.dumps(value, ensure_ascii=False)} %}}{{% endif %}}"
            for name, value in sorted(defaults.items())
        )
        + template.source
    )
    changed = Template(tokenizer, template.date)
    others = {name: differing[name] for name in differing.keys() - defaults.keys()}
    works = prompt_with(changed, shared, others) == prompt_with(template, shared, differing)
    return (changed, defaults) if works else (template, {})


FROM_DATE: Final = re.compile(r"set\s+(\w+)\s*=\s*strftime_now\(\s*(['\"])(.+?)\2\s*\)")
"""A variable that a chat template sets to the current date, and its format."""


def date_note(template: Template, system: str | None, shared: Mapping[str, Any]) -> list[str]:
    """A note that the prompts of the training have their date and those of a server the current one; none where the
    template prints no date in them. `system`: the system message of all training examples.
    """
    if template.date is None:
        return []
    first = [] if system is None else [{"role": "system", "content": system}]
    turns = [*first, *({"role": role, "content": "-"} for role in ("user", "assistant"))]
    value = {"tools": shared.get("tools"), "messages": turns}
    variables = shared.get(VARIABLES, {})
    later = Template(template.tokenizer, template.date + datetime.timedelta(days=400))
    trained = template.prompt(value, variables)
    if later.prompt(value, variables) == trained:
        return []
    note = f"the chat template prints the date: {template.date} in the training, the current one at a server"
    dates = {name: template.date.strftime(form) for name, _, form in FROM_DATE.findall(template.source)}
    if dates and later.prompt(value, {**variables, **dates}) == trained:
        note += f" ({as_option(dates)} renders that of the training)"
    return [note]


def assigned(variables: Mapping[str, Any]) -> str:
    """`enable_thinking = false`, for people."""
    return ", ".join(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in sorted(variables.items()))


def as_option(variables: Mapping[str, Any]) -> str:
    """`chat_template_kwargs {"enable_thinking": false}`, for people."""
    return f"{VARIABLES} {json.dumps(variables, ensure_ascii=False, sort_keys=True)}"


def served_with(differing: Mapping[str, Any], variables: Mapping[str, Any], reasoning: float | None) -> str:
    """What a server has to be given, in words. `differing`: of `differing_variables`; `variables`: all that the
    training set; `reasoning`: share of the training examples that are rendered with `enable_thinking`.
    """
    texts = []
    if THINKING in variables and is_mixed(reasoning):
        differing = {name: value for name, value in differing.items() if name != THINKING}
        texts.append(
            f"{as_option({THINKING: True})} for an answer with reasoning ({reasoning:.0%} of the training examples), "
            "false for one without"
        )
    if differing:
        texts.append(as_option(differing))
    return "; ".join(texts) or f"no {VARIABLES}: the template renders the prompts of the training by default"
