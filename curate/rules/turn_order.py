"""Family M, who speaks when: the order of the turns, and what has to be among them. Structure only."""

from itertools import pairwise

from curate.example import Example
from curate.finding import Problem, Problems, Severity
from curate.rules.roles import TAKEN, meant, whole
from curate.rules.rule import rule
from curate.targets import Target
from curate.text import plural


@rule("M010", "no-user", Severity.WARNING, hint="Add the question that the answer answers.")
def no_user(example: Example) -> Problems:
    """No message is from the user.

    Many templates require one; and an answer without a question teaches to talk unasked.

    Bad: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    roles = {meant(message) for message in example.messages}
    if "assistant" in roles and "user" not in roles and example.format != "text" and (example.format, len(example.messages)) != ("preference", 1):
        yield Problem(whole(example), "no message is from the user")


@rule("M011", "open-end", Severity.WARNING, hint="Remove what follows the last answer, or add the answer to it.")
def open_end(example: Example) -> Problems:
    """The conversation does not end on the assistant.

    What stands after the last answer is never trained on; some trainers drop the whole example for it.

    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "And now?"}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    roles = [meant(message) for message in example.messages]
    if "assistant" in roles and roles[-1] != "assistant":
        count = roles[::-1].index("assistant")
        last = "the last message is" if count == 1 else f"the last {plural(count, 'message')} are"
        yield Problem(example.messages[-1].pointer, f"{last} not answered and will not be trained on")


@rule(
    "M012",
    "assistant-first",
    Severity.WARNING,
    targets={Target.MISTRAL: Severity.ERROR} | TAKEN,
    hint="Put the user's turn before it, or make the greeting part of the system prompt.",
)
def assistant_first(example: Example) -> Problems:
    """The first turn is the assistant's.

    Templates of several models raise an error on it, and there is nothing that the answer answers.

    Bad: {"messages": [{"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    turns = [message for message in example.messages if meant(message) not in ("system", "developer")]
    if turns and meant(turns[0]) == "assistant" and example.format != "text" and any(meant(turn) == "user" for turn in turns):
        yield Problem(turns[0].pointer, "the assistant speaks first")


@rule("M013", "late-system", Severity.WARNING, targets={Target.FIREWORKS: Severity.ERROR}, hint="Move it to the front.")
def late_system(example: Example) -> Problems:
    """A system message is not the first one.

    Most templates take a system message only at the start: elsewhere they drop it or raise an error.

    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    started = False
    for message in example.messages:
        if message.role not in ("system", "developer"):
            started = True
        elif started:
            yield Problem(message.pointer, f"{message.role} message at position {message.index + 1}")


@rule("M014", "several-systems", Severity.WARNING, targets={Target.MISTRAL: Severity.ERROR}, hint="Merge them into one.")
def several_systems(example: Example) -> Problems:
    """There is more than one system message.

    Most templates keep the first, or the last, and drop the others without a word.

    Bad: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "system", "content": "Answer in French."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "system", "content": "Be brief. Answer in French."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    systems = [message for message in example.messages if message.role == "system"]
    if len(systems) > 1:
        yield Problem(systems[1].pointer, f"{len(systems)} system messages")


@rule("M015", "system-and-developer", Severity.WARNING, hint="Keep one of the two.")
def system_and_developer(example: Example) -> Problems:
    """There are a system and a developer message.

    They are two names for one thing; what a template does with both differs from model to model.

    Bad: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
    """
    roles = [message.role for message in example.messages]
    if "system" in roles and "developer" in roles:
        yield Problem(example.messages[roles.index("developer")].pointer, "a system and a developer message in one conversation")


@rule(
    "M016",
    "consecutive-roles",
    Severity.WARNING,
    targets={Target.TOGETHER: Severity.ERROR, Target.MISTRAL: Severity.ERROR},
    hint="Merge the two turns, or restore the turn missing between them.",
)
def consecutive_roles(example: Example, *, target: Target) -> Problems:
    """Two turns in a row have the same role.

    A turn in between was lost, or one was cut in two. Strict templates raise an error ('roles must alternate');
    others train on it, and the model learns to answer itself. OpenAI and Azure take an image in a turn of its own.

    Bad: {"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Are you there?"}, {"role": "assistant", "content": "Hello."}]}
    Good: {"messages": [{"role": "user", "content": "Hi. Are you there?"}, {"role": "assistant", "content": "Hello."}]}
    """
    for left, right in pairwise(example.messages):
        role = meant(right)
        apart = target in TAKEN and role == "user" and isinstance(left.content, list) != isinstance(right.content, list)
        if meant(left) == role and role in ("user", "assistant") and not apart:
            yield Problem(right.pointer, f"two {role} turns in a row")


RULES = (no_user, open_end, assistant_first, late_system, several_systems, system_and_developer, consecutive_roles)
