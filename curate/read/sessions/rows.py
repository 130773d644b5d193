"""The formats of sessions, and the rows that a session becomes: how it is cut, shortened, masked and named."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final

from curate.core.credentials import credentials_in
from curate.core.errors import require_all_lines
from curate.core.json_output import Output
from curate.core.masking import redacted
from curate.core.origin_keys import GROUPS_KEY
from curate.read.formats import SHAPE_ERRORS
from curate.read.forms.form import Object
from curate.read.sessions.claude_code import CLAUDE_CODE
from curate.read.sessions.codex import CODEX
from curate.read.sessions.openhands import OPENHANDS
from curate.read.sessions.pi import PI
from curate.read.sessions.session import AgentSession, SessionFormat, SessionRow, Thread, counted, message_texts
from curate.read.sessions.swe_agent import SWE_AGENT, repository_in
from curate.read.traces import ModelCall, NoConversationError

SESSION_FORMATS: Final = (CLAUDE_CODE, CODEX, PI, OPENHANDS, SWE_AGENT)
DROPPED: Final = ("of sidechains", "of unfinished sessions")
"""What options leave out whole."""
LONG_RESULT: Final = 100_000
"""Characters from which a result of a tool is counted as long."""
INSTRUCTIONS: Final = ("<", "# AGENTS.md instructions")
"""Prefixes of user messages that a program wrote, such as `<environment_context>`."""
MIN_TASK_WORDS: Final = 8
"""Minimum number of words of a first question that identifies a task: "continue" identifies none."""
HOME: Final = re.compile(r"(?P<place>/home/|/Users/|\\Users\\|[A-Za-z]:\\+Users\\+)(?P<name>[^/\\\s\"'<>|:*?]+)")
"""The name of a user in a path; `user` stands for a masked name."""


class Per(StrEnum):
    """What becomes a row."""

    SESSION = "session"
    TURN = "turn"
    TASK = "task"


class Keep(StrEnum):
    """Whether something is kept."""

    KEEP = "keep"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How sessions become rows."""

    per: Per = Per.SESSION
    sidechains: Keep = Keep.KEEP
    unfinished: Keep = Keep.KEEP
    system: Keep = Keep.KEEP
    max_result: int | None = None
    mask: bool = False


DEFAULTS: Final = SessionOptions()


@dataclass(slots=True)
class SessionCounts(Output):
    """What was read of sessions; written + left_out = read, of each kind."""

    tools: Counter[str] = field(default_factory=Counter)
    """Sessions by the tool that wrote them."""
    read: Counter[str] = field(default_factory=Counter)
    """Messages (without results), calls and results in the records that were understood."""
    written: Counter[str] = field(default_factory=Counter)
    """As `read`; what several rows have counts once."""
    left_out: Counter[str] = field(default_factory=Counter)
    """As `read`; `left_out` of the result names why."""
    noticed: Counter[str] = field(default_factory=Counter)
    """Properties of the rows, such as long results, home paths and secrets."""
    system_prompts: Counter[str] = field(default_factory=Counter)
    """Rows by a hash of their system prompt."""


def format_of(value: Object) -> SessionFormat | None:
    """The session format that a record has; None if no format matches."""
    for form in SESSION_FORMATS:
        with suppress(*SHAPE_ERRORS):
            if form.matches(value):
                return form
    return None


def unpacked(value: Object) -> tuple[SessionFormat, Object, list[Object]] | None:
    """The format, the ids and the records of a line that holds a session as a whole; None for another line."""
    for form in SESSION_FORMATS:
        with suppress(*SHAPE_ERRORS):
            if (contents := form.unpack(value)) is not None:
                return form, *contents
    return None


def read_session(form: SessionFormat, records: Sequence[Object], ids: Object) -> tuple[AgentSession, dict[int, str]]:
    """Read the records of a session. Also returns the errors of records that were not read, by position."""
    session, whys = AgentSession(form.name), dict[int, str]()
    session.know(**ids)
    session.odd_ids = [
        index
        for index, value in enumerate(records)
        if not all(isinstance(value.get(key), str | None) for key in form.tree_keys)
    ]
    branch_positions = set() if session.odd_ids else form.other_branches(records)
    branch = AgentSession(form.name)
    for index, value in enumerate(records):
        try:
            form.add(value, branch if index in branch_positions else session)
        except NoConversationError as error:
            whys[index] = str(error)
        except (*SHAPE_ERRORS, ValueError):
            whys[index] = "a value has another type than expected"
    for thread in branch.threads.values():
        if messages := [*thread.system, *thread.messages]:
            session.leave("of other branches", messages)
    session.left_out += branch.left_out
    session.lost += branch.lost
    return session, whys


def calls_of(session: AgentSession, options: SessionOptions, counts: SessionCounts) -> list[ModelCall]:
    """The rows of a session, as model calls. Adds to `counts` what was read and left out; a row is counted when its
    `conversation` is requested.
    """
    counts.tools[session.source] += 1
    counts.noticed["compactions"] += session.compactions
    counts.noticed["records with an id that is no text"] += len(session.odd_ids)
    counts.noticed["results marked as errors"] += sum(thread.failed for thread in session.threads.values())
    threads = [thread for thread in session.threads.values() if thread.messages or thread.system]
    for thread in threads:
        counts.read += counted([*thread.system, *thread.messages])
    counts.read += session.lost
    ended = session.threads[""].ended if "" in session.threads else ""
    calls = list[ModelCall]()
    for thread in threads:
        dropped = DROPPED[0] if thread.key and options.sidechains is Keep.DROP else ""
        if ended and options.unfinished is Keep.DROP:
            dropped = DROPPED[1]
        if dropped:
            session.leave(dropped, [*thread.system, *thread.messages])
            continue
        calls += _calls_of_thread(session, thread, options, counts)
    counts.left_out += session.lost
    if calls:
        calls[0].left_out = session.left_out
    return calls


def _calls_of_thread(
    session: AgentSession, thread: Thread, options: SessionOptions, counts: SessionCounts
) -> Iterator[ModelCall]:
    """The rows of one conversation of a session; those without an answer are counted as left out."""
    rows = list(_cut(thread, options.per))
    require_all_lines(len(thread.messages), sum(row.new_count for row in rows), 0)
    system = counted(thread.system)
    if options.system is Keep.DROP and thread.system:
        session.leave("of the system", thread.system)
        system.clear()
    for row in rows:
        new_messages = row.messages[len(row.messages) - row.new_count :]
        if not any(message["role"] == "assistant" for message in new_messages):
            session.leave("without an answer", new_messages)
            continue
        ids = _metadata(session, row)
        new_counts = counted(new_messages) + system
        system.clear()  # the prompt counts once, though each row begins with it
        ended = thread.ended if row is rows[-1] else ""
        if ended:
            ids["ended"] = ended
        joined = partial(_row, row, options, counts, new_counts, ended)
        yield ModelCall(session.source, _masked(ids) if options.mask else ids, joined=joined)
    if +system:
        session.leave("of the system", thread.system)


def _cut(thread: Thread, per: Per) -> Iterator[SessionRow]:
    """Split a conversation into rows: one per context, or one per turn of a context."""
    messages = thread.messages
    for begin, end in pairwise(
        [0, *(index for index in dict.fromkeys(thread.contexts) if 0 < index < len(messages)), len(messages)]
    ):
        if per is Per.SESSION:
            yield SessionRow(thread, messages[begin:end], end - begin)
            continue
        question_positions = [
            index
            for index in range(begin + 1, end)
            if messages[index]["role"] == "user" and messages[index - 1]["role"] in ("assistant", "tool")
        ]
        for first, last in pairwise([begin, *question_positions, end]):
            yield SessionRow(thread, messages[begin if per is Per.TURN else first : last], last - first)


def _row(
    row: SessionRow, options: SessionOptions, counts: SessionCounts, new_counts: Counter[str], ended: str
) -> Object:
    """The row as it is written. `new_counts`: counts of the messages that no earlier row has."""
    counts.written += new_counts
    system = row.thread.system if options.system is Keep.KEEP else []
    messages = [*system, *(_shortened(message, options, counts) for message in row.messages)]
    value: Object = {"messages": messages}
    if row.thread.tools:
        value["tools"] = [
            {"type": "function", "function": tool} if "name" in tool and "function" not in tool else tool
            for tool in row.thread.tools
        ]
    for message in system:
        counts.system_prompts[_digest(message["content"])] += 1
    if ended:
        counts.noticed[f"rows that were {ended}" if ended == "aborted" else "rows that failed"] += 1
    if row.thread.key:
        counts.noticed["rows of sidechains"] += 1
    calls = [call["id"] for message in row.messages for call in message.get("tool_calls", ())]
    counts.noticed["calls without a result"] += sum(call_id not in row.thread.answered for call_id in calls)
    _count_private_data(messages, counts)
    return _masked(value) if options.mask else value


def _digest(value: Any) -> str:
    """A hash of a value in 16 hexadecimal digits, for group keys."""
    return blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _metadata(session: AgentSession, row: SessionRow) -> Object:
    """The ids of a session, and the group keys that keep its rows in one split."""
    known_ids = {key: item for key, item in session.ids.items() if item is not None}
    first = next((text for thread in session.threads.values() for text in _questions(thread)), "")
    words = first.casefold().split()
    task_name = known_ids.pop("task", None)
    task = task_name or (_digest(" ".join(words)) if len(words) >= MIN_TASK_WORDS else None)
    repository = (
        known_ids.pop("repository", None) or repository_in(task_name or known_ids.get("id")) or known_ids.get("cwd")
    )
    groups = {"session": known_ids.get("id"), "repository": repository, "task": task}
    return {
        **known_ids,
        **({"sidechain": row.thread.key} if row.thread.key else {}),
        GROUPS_KEY: {name: item for name, item in groups.items() if item},
    }


def _questions(thread: Thread) -> Iterator[str]:
    """The texts of the user, without user messages that a program wrote."""
    for message in thread.messages:
        text = next(message_texts([message]), "") if message["role"] == "user" else ""
        if text and not text.lstrip().startswith(INSTRUCTIONS):
            yield text


def _shortened(message: Object, options: SessionOptions, counts: SessionCounts) -> Object:
    """Shorten the content of a long tool result: its middle is replaced by a note of the missing characters."""
    most, content = options.max_result, message["content"]
    if message["role"] != "tool" or not isinstance(content, str):
        return message
    counts.noticed[f"results of more than {LONG_RESULT:,} characters"] += len(content) > LONG_RESULT
    if most is None or len(content) <= most:
        return message
    counts.noticed[f"results shortened to {most:,} characters"] += 1
    half = most // 2
    cut = f"\n[{len(content) - 2 * half:,} characters left out]\n"
    return {**message, "content": f"{content[:half]}{cut}{content[len(content) - half :]}"}


def _count_private_data(messages: Sequence[Object], counts: SessionCounts) -> None:
    """Add the numbers of names of users in paths, and of secrets, in messages to `counts.noticed`."""
    homes = secrets = 0
    for text in message_texts(messages):
        homes += sum(match["name"] not in ("user", "Shared") for match in HOME.finditer(text))
        end = 0
        for secret in sorted(credentials_in(text)):
            secrets += secret.start >= end  # one may be found in several ways
            end = max(end, secret.end)
    counts.noticed["home paths"] += homes
    counts.noticed["secrets"] += secrets


def _masked(value: Any) -> Any:
    """Mask secrets and the names of users in paths in all texts of a value."""
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return HOME.sub(r"\g<place>user", redacted(value, credentials_in)) if isinstance(value, str) else value
