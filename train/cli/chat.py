"""`curate chat`."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from curate.cli.options import AgreeToSend, consent
from curate.core.errors import CurateError
from curate.core.text import excerpt, visible
from train.cli.common import BaseUrl, Key, Quiet, require_runs, with_trainer
from train.results import Answered
from train.server import ServedChat, server_of

if TYPE_CHECKING:
    from train.inference import ChatModel

SYSTEMS_ARGUMENT: Final[Any] = typer.Argument(
    help="Folder of a finished run, its name in .curate/runs, folder of an export, or with --base-url (or ft:...) the "
    "name of a model at a server.",
    metavar="RUN|EXPORT",
)
MAX_NEW_TOKENS: Final = 512
LENGTH_HELP: Final = (
    f"Limit answers to this many tokens.  [default: {MAX_NEW_TOKENS}, or what the model's context leaves]"
)
HELP: Final = (
    "/reset starts a new conversation, /system TEXT one with another system message, Ctrl-C stops an answer, /quit or "
    "Ctrl-D exits"
)


def chat(
    run: Annotated[str, SYSTEMS_ARGUMENT],
    *,
    ask: Annotated[str | None, typer.Option("--ask", help="Ask one question, print the answer and exit.")] = None,
    system: Annotated[
        str | None,
        typer.Option(
            "--system",
            help="Use this system message; an empty one leaves it out.  [default: that of all training examples, or of "
            "the chat template]",
        ),
    ] = None,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0, help="Sample at this temperature; 0 takes the most likely token.")
    ] = 0.0,
    max_new_tokens: Annotated[int | None, typer.Option("--max-new-tokens", min=1, help=LENGTH_HELP)] = None,
    seed: Annotated[int, typer.Option("--seed", help="Set the seed of the sampling.")] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each question with its answer as a line of JSON.")
    ] = False,
    base_url: BaseUrl = None,
    key: Key = None,
    yes: AgreeToSend = False,
    quiet: Quiet = False,
) -> None:
    """Chat with the model of a run or of an export, with the chat template of its training; or with one of a server.

    If its chat template is not that of the training, both are shown and no question is asked. Without a terminal, each
    line of standard input is a question of one conversation.
    """
    how = {"max_new_tokens": max_new_tokens, "temperature": temperature}
    server = server_of(base_url, (run,), consent(yes=yes, as_json=as_json or not sys.stdin.isatty()), key=key)
    if server is not None:
        server.consent.require("the conversation", server.address)
        message = None
        if system is None:
            from train.server import trained_system

            message = trained_system(server, run, lambda note: None if quiet else print(note, file=sys.stderr))  # noqa: T201
        ChatSession(ServedChat(server, run, seed, message), system, how, as_json=as_json, quiet=quiet).run(ask)
        return
    require_runs(run)
    with with_trainer():
        from transformers import set_seed

        from train.inference import chat_model
    set_seed(seed)
    if sys.stdin.isatty() and not quiet:
        print("loading the model", file=sys.stderr, flush=True)  # noqa: T201
    ChatSession(chat_model(run), system, how, as_json=as_json, quiet=quiet).run(ask)


class ChatSession:
    """A conversation at a terminal, or over pipes."""

    def __init__(
        self, who: "ChatModel | ServedChat", system: str | None, how: dict[str, Any], *, as_json: bool, quiet: bool
    ) -> None:
        """`who`: the model that answers; `how`: the keyword arguments of its `reply`."""
        self.who, self.how, self.as_json, self.quiet = who, how, as_json, quiet
        self.turns: list[dict[str, Any]] = []
        if system is None and who.system is not None:
            self.note(f"system message of the training: {excerpt(who.system, 200)}")
        self.system = who.system if system is None else system or None
        self.begin(self.system)

    def begin(self, system: str | None) -> None:
        """Start a new conversation. An empty system message of the training is sent, too: templates render it."""
        self.turns = [{"role": "system", "content": system}] if system is not None else []

    def run(self, ask: str | None) -> None:
        """Answer questions until they end. Raises `UsageError` for a question over a pipe that cannot be asked."""
        if ask is not None:
            self.answer(ask)
            return
        if not sys.stdin.isatty():
            for line in sys.stdin:
                if line.strip():
                    self.answer(line.rstrip("\r\n"))
            return
        self.note(f"{visible(self.who.title)}\n{HELP}")
        for text in _typed_lines():
            if text == "/quit":
                return
            if text == "/help":
                self.note(HELP)
            elif text == "/reset":
                self.begin(self.system)
            elif text.startswith("/system "):
                self.begin(text.removeprefix("/system ").strip())
            else:
                try:
                    self.answer(text)
                except CurateError as error:  # the conversation goes on without the question
                    self.note(f"{error.message}; {error.hint}")

    def answer(self, question: str) -> None:
        """Ask, show the answer as it is generated, and keep both in the conversation."""
        turns = [*self.turns, {"role": "user", "content": question}]
        given = self.how["max_new_tokens"]
        most = given or self.who.limit(turns, MAX_NEW_TOKENS)
        show = (lambda _: None) if self.as_json else _write
        reply = self.who.reply(turns, show, **self.how | {"max_new_tokens": most})
        if self.as_json:
            line = Answered(question=question, answer=reply.text, tokens=reply.tokens, ended=reply.ended)
            sys.stdout.write(line.model_dump_json())
        sys.stdout.write("\n")
        sys.stdout.flush()
        if not reply.ended:
            full = given is None and most < MAX_NEW_TOKENS
            why = "the model's context is full" if full else "--max-new-tokens allows more"
            self.note(f"(cut off at {reply.tokens:,} tokens; {why})" if reply.tokens >= most else "(stopped)")
        self.turns = [*turns, {"role": "assistant", "content": reply.text}]

    def note(self, text: str) -> None:
        """Print a note to standard error, unless the session is quiet."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)  # noqa: T201


def _typed_lines() -> Iterator[str]:
    """The lines that the user types, without empty ones, until the end of the input."""
    import readline  # noqa: F401

    while True:
        try:
            text = input("> ").strip()
        except EOFError:
            print(file=sys.stderr)  # noqa: T201
            return
        if text:
            yield text


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
