"""What two chat templates make of the same examples: refused, dropped, stripped of reasoning, and trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from curate.core.events import Advance
from curate.core.example import Example
from curate.core.json_output import NotPrinted, Output
from curate.core.masking import masked
from curate.corpus.stats import with_progress
from curate.models.chat_templates import BUNDLED, COPIED, LICENSES, OWN_TEMPLATES
from curate.models.encoding import Rendered
from curate.models.template import Template, load_template, texts_and_thoughts
from curate.read.dataset import FileFacts, ParsedLine, read_file, require_read
from curate.storage.files import display_name
from curate.storage.snapshot import unchanging


@dataclass(frozen=True, slots=True)
class TemplateEntry(Output):
    """A chat template that has a name."""

    name: str
    model: str
    """The model that publishes it; empty for a common template of this program."""
    source: str
    """The package and file that it was copied from."""
    license: str
    copied: str
    """The date of the copy."""


def named_templates() -> list[TemplateEntry]:
    """The chat templates that have a name."""
    own_templates = [TemplateEntry(name, "", "curate", "Apache-2.0", "") for name in OWN_TEMPLATES]
    return own_templates + [
        TemplateEntry(name, template.model, f"{template.source}: {template.path}", LICENSES[template.source], COPIED)
        for name, template in BUNDLED.items()
    ]


@dataclass(frozen=True, slots=True)
class RenderedExample(Output):
    """What a chat template makes of an example. Messages are numbered from 1."""

    refused: str
    """Why it cannot be trained on; empty if it can."""
    texts: int
    """Number of texts that are trained on: one, or one for each answer if the template changes earlier turns."""
    dropped: list[int]
    """Messages with a text that is not rendered before the last answer, or in it."""
    stripped: list[int]
    """Answers with reasoning that is not rendered before the last answer, or in it."""
    trained: list[int]
    """Answers in the loss."""
    reasoned: list[int]
    """Answers with reasoning in the loss."""
    characters: int
    """Number of characters of all texts."""
    trained_characters: int
    """Number of these characters in the loss."""
    rendered: NotPrinted[tuple[Rendered, ...]] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class TemplatePair(Output):
    """An example that two chat templates treat differently."""

    file: str
    line: int
    before: RenderedExample
    now: RenderedExample


@dataclass(slots=True)
class TemplateTotals(Output):
    """The sums of a chat template over all examples."""

    name: str
    rendered: int = 0
    """Examples that can be trained on."""
    refused: int = 0
    texts: int = 0
    dropped: int = 0
    stripped: int = 0
    trained: int = 0
    reasoned: int = 0
    characters: int = 0
    trained_characters: int = 0

    def add(self, example: RenderedExample) -> None:
        """Count an example."""
        if example.refused:
            self.refused += 1
            return
        self.rendered += 1
        self.texts += example.texts
        self.dropped += len(example.dropped)
        self.stripped += len(example.stripped)
        self.trained += len(example.trained)
        self.reasoned += len(example.reasoned)
        self.characters += example.characters
        self.trained_characters += example.trained_characters


@dataclass(slots=True)
class TemplateDiffResult(Output):
    """What `curate template diff --json` prints."""

    read: int
    """Number of lines."""
    not_understood: int
    """Lines without an example in a known format; they are not rendered."""
    before: TemplateTotals
    now: TemplateTotals
    differing: list[TemplatePair]
    """Examples that the two treat differently: in more than the number of characters."""


def compare_templates(
    files: Sequence[Path],
    before: str,
    now: str,
    model: str,
    shown: int,
    progress: Advance | None,
) -> TemplateDiffResult:
    """Render the examples of files by two chat templates, each a name or a file.

    `model`: the model whose tokenizer has the control tokens; if empty, those that stand in the templates. `shown`: the
    number of differing examples whose texts are kept. Raises `InputError` for a file that cannot be read, `UsageError`
    for an unknown template.
    """
    templates = [load_template(model, name) for name in (before, now)]
    totals = [TemplateTotals(name) for name in (before, now)]
    read = not_understood = 0
    differing: list[TemplatePair] = []
    for parsed in with_progress(_lines(files), progress):
        if parsed.blank:
            continue
        read += 1
        example = parsed.example
        if example is None or not example.understood:
            not_understood += 1
            continue
        pair = [_rendered_example(template, example) for template in templates]
        for total, rendered in zip(totals, pair, strict=True):
            total.add(rendered)
        if _treatment(pair[0]) != _treatment(pair[1]):
            if len(differing) >= shown:
                pair = [replace(rendered, rendered=()) for rendered in pair]
            differing.append(TemplatePair(example.place.file, example.place.line, *pair))
    return TemplateDiffResult(read, not_understood, totals[0], totals[1], differing)


def _lines(files: Sequence[Path]) -> Iterator[ParsedLine]:
    """The lines of all files. Raises `InputError` if a file is not read to its end or changes meanwhile."""
    for path in files:
        facts = FileFacts(display_name(path))
        with unchanging([path]):
            yield from read_file(path, facts)
        require_read(facts)


def _treatment(rendered: RenderedExample) -> tuple[object, ...]:
    """All fields of a rendered example except its text: equal if two templates treat the example alike."""
    return (
        bool(rendered.refused),
        rendered.texts,
        rendered.dropped,
        rendered.stripped,
        rendered.trained,
        rendered.reasoned,
    )


def _rendered_example(template: Template, example: Example) -> RenderedExample:
    """The text of an example by a template, and which messages it drops, strips, trains or refuses."""
    rendering = template.render(example.value)
    if rendering.problems or not rendering.texts:
        reason = rendering.problems[0].message if rendering.problems else "nothing is rendered"
        return RenderedExample(masked(reason), 0, [], [], [], [], 0, 0, ())
    texts = rendering.texts
    last = texts[-1].text
    end = max(span.turn for span in texts[-1].spans)
    dropped, stripped, reasoned = [], [], []
    in_loss: dict[int, str] = {}
    for text in texts:
        for span in text.spans:
            in_loss[span.turn] = in_loss.get(span.turn, "") + text.text[span.start : span.end]
    # what follows the last answer is not rendered by any template
    for number, turn in enumerate(example.value["messages"][: end + 1]):
        content_texts, thoughts = (list(_stripped(pieces)) for pieces in texts_and_thoughts(turn))
        if not all(piece in last for piece in content_texts):
            dropped.append(number + 1)
        if thoughts and not all(piece in last for piece in thoughts):
            stripped.append(number + 1)
        if thoughts and all(piece in in_loss.get(number, "") for piece in thoughts):
            reasoned.append(number + 1)
    return RenderedExample(
        "", len(texts), dropped, stripped, [turn + 1 for turn in sorted(in_loss)], reasoned,
        sum(len(text.text) for text in texts), sum(map(len, in_loss.values())), texts,
    )  # fmt: skip


def _stripped(texts: Sequence[str]) -> Iterator[str]:
    """The texts that are not blank, without outer white space."""
    return (text.strip() for text in texts if text.strip())
