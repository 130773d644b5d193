"""Draws the review as SVG, to be looked at: every screen in three sizes, dark and light; and the two pictures of the
README.

    python -m tests.screens.draw OUT                      # every screen at 80x24, 120x36 and 160x50, dark and light
    python -m tests.screens.draw examples/pictures --readme

What is shown is a project of its own in a temporary folder: the instructions of examples/, with clashing answers,
near-duplicates and broken lines planted among them; its checks, splits and proof are real, its training is made up.
"""

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from math import exp
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.commands.run import run
from curate.core.config import load_config
from curate.core.datamap import MAPPED, MappedExample, Neighbour
from curate.project.runs import Project
from curate.read.dataset import FileFacts, read_file
from curate.review import ReviewSources, sources_of
from curate.review.events import ScanEvent
from curate.review.scan import scan
from curate.review.training_signals import TRAINING_FILTER, training_of
from tests.conftest import chat
from tests.screens.conftest import settled
from tests.screens.test_run_screens import write_evaluation
from tui.app import CurateApp
from tui.review_state import At

EXAMPLES: Final = Path(__file__).parents[2] / "examples" / "instructions" / "instruction-data.json"
SMALL, MIDDLE, LARGE = (80, 24), (120, 36), (160, 50)


class Picture(NamedTuple):
    """A screen, and the keys that lead to what is drawn; `trained` is the review of what a run found hard."""

    name: str
    keys: tuple[str, ...]


PICTURES: Final = (
    Picture("overview", ("1",)),
    Picture("examples", ("2", "down", "down")),
    Picture("findings", ("3", "end", "d")),
    Picture("groups", ("3", "z", "space", "j", "enter")),
    Picture("repairs", ("3", "slash", *"fix:any", "enter", "asterisk", "r")),
    Picture("trained", ("d",)),
    Picture("duplicates", ("4", "d")),
    Picture("cluster", ("4", "end", "up")),
    Picture("conflicts", ("5", "a", "u")),
    Picture("topic", ("5", "end")),
    Picture("inbox", ("1", "enter", "d")),
    Picture("audit-menu", ("1", "j", "enter")),
    Picture("audit", ("1", "j", "enter", "k", "enter", "1", "2")),
    Picture("audited", ("1", "j", "enter", "a", *("backspace",) * 10, "2", "enter", "1", "2")),
    Picture("apply", ("2", "d", "1", "j", "j", "enter", "enter")),
    Picture("history", ("3", "d", "d", "u", "5", "a", "2", "p", "4", "H")),
    Picture("history-undo", ("5", "a", "2", "end", "d", "H", "j", "u")),
    Picture("splits", ("6", "v")),
    Picture("training", ("7",)),
    Picture("compared", ("7", "c")),
    Picture("evaluate", ("8",)),
    Picture("help", ("3", "question_mark")),
    Picture("palette", ("3", "ctrl+p")),
    Picture("edit", ("3", "end", "e")),
    Picture("repair", ("3", "slash", *"fix:any", "enter", "r")),
    Picture("suppress", ("3", "s")),
    Picture("filter", ("5", "slash", *"apollo")),
    Picture("columns", ("2", "C", "ctrl+u", *"length", "space", *"question", "space", *"answer", "enter", "o", "o")),
    Picture("facets", ("3", "Z", "down")),
    Picture("like", ("3", "n", "equals_sign")),
    Picture("bulk", ("3", "slash", *"is:undecided", "enter", "asterisk", "d")),
)
README: Final = ((Picture("conflicts", ("5",)), True), (Picture("duplicates", ("4", "end", "up")), False))
"""The pictures, and whether they are light."""


def planted() -> Iterator[dict[str, object]]:
    """What is put among the instructions."""
    system = "You are a careful guide to the natural sciences. Answer in one or two sentences."
    for year in ("1969", "1968", "1969", "1971"):
        yield chat(
            "When did Apollo 11 land on the Moon?",
            f"Apollo 11 landed on the Moon on 20 July {year}, with Neil Armstrong and Buzz Aldrin on board.",
        )
    for height in ("8,849", "8,611"):
        yield chat("How high is Mount Everest?", f"Mount Everest rises {height} metres above the level of the sea.")
    for share, ice in (
        ("about 10%", "never melts in a human life"),
        ("about 3%", "is mostly gone by the end of summer"),
    ):
        said = (
            f"Glaciers cover {share} of the land on Earth. They hold most of its fresh water, and the ice of a large "
            f"glacier {ice}."
        )
        yield {
            "messages": [
                {"role": "system", "content": system},
                *chat("How much of the land is covered by a glacier?", said)["messages"],  # type: ignore[misc]
            ]
        }
    for words in ("sweet and a little sour", "sweet and slightly sour", "sweet, and a little sour too"):
        said = (
            f"An apple tastes {words}; the flesh is crisp and full of juice, and the skin adds something bitter that "
            "stays on the tongue."
        )
        yield chat("Name a fruit, and describe at some length how it tastes to somebody who never had one.", said)
    yield {"messages": [*chat("hi", "")["messages"], {"role": "robot", "content": "beep \x1b[2J"}]}  # type: ignore[misc]
    yield chat(
        "Write to the shop. ",
        "Dear shop, my key is sk-" + "R7xQ2mV9tKpL4sW8nZcJ3bYfD6hGa1uEoT5iR7xQ2mV9tKpL" + ". Yours, Ann",
    )


def prepare() -> None:
    """Make the project in the working folder."""
    given = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    lines: list[Any] = [chat(f"{one['instruction']}\n{one['input']}".strip(), one["output"]) for one in given[:700]]
    for at, example in enumerate(planted()):
        lines.insert(40 + 13 * at, example)
    Path("data.jsonl").write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines) + '{"messages": [\n', encoding="utf-8"
    )
    Path("curate.toml").write_text('data = ["data.jsonl"]\n')
    run(Project(Path()), load_config(Path("curate.toml")))
    for name, rate in (("qlora", 0.05), ("ia3", 0.02)):
        train(name, rate)
    write_evaluation(Project(Path()).run("qlora"))
    write_datamap(Project(Path()).run("qlora"))


def train(name: str, rate: float) -> None:
    """A training that never was."""
    folder = Project(Path()).run(name)
    folder.mkdir(parents=True)
    steps: list[dict[str, Any]] = [
        {"step": n, "max_steps": 120, "loss": 1.1 + 1.9 * exp(-rate * n) + n * 7919 % 13 / 90,
         "learning_rate": 2e-4 * min(1, n / 10) * (1 - n / 130),
         "tokens_per_second": 1840.0, "memory": 5.2 * 2**30, "seconds": n * 2.1}
        for n in range(1, 121)
    ]  # fmt: skip
    steps += [
        {"event": "validation", "step": n, "validation_loss": 1.3 + 1.7 * exp(-rate * n), "seconds": 1.0}
        for n in range(20, 121, 20)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(step) + "\n" for step in steps))
    (folder / "recipe.json").write_text(json.dumps({"model": "offline:SmolLM2-135M-Instruct", "method": name}))
    answers = [
        {
            "prompt": "When did Apollo 11 land on the Moon?",
            "reference": "On 20 July 1969.",
            "base": "It did.",
            "tuned": "On 20 July 1969.",
        }
    ]
    (folder / "report.json").write_text(
        json.dumps({"base_loss": 3.1, "tuned_loss": 1.1 + 1.9 * exp(-rate * 120), "generations": answers})
    )


def write_datamap(folder: Path) -> None:
    """What that training would have seen of the planted examples and of some others."""
    read = (parsed.example for parsed in read_file(Path("data.jsonl"), FileFacts("data.jsonl")))
    ids = [example.id for example in read if example is not None]
    near = Neighbour(55, ids[53], 0.97, 0.41)
    mapped = [
        MappedExample(at, ids[at], (3.2 - rank / 9, 2.9 - rank / 9, 2.7 - rank / 9), (9, 51, 96), 2.9, 0.1, 0.01, 0.0,
        0.5, 1.9 - rank / 9, rank, "hard",
               2.3 if rank == 1 else None, (near,) if rank == 1 else ())
        for rank, at in enumerate((40, 92, 105, 118, 7, 9, 300), start=1)
    ]  # fmt: skip
    (folder / "datamap.jsonl").write_bytes(b"".join(MAPPED.dump_json(one) + b"\n" for one in mapped))


def facts() -> list[ScanEvent]:
    """What is found in the project: looked for once, told to each screen."""
    found: list[ScanEvent] = []
    scan(sources_of([Path()]), None, found.append)
    return found


async def draw(picture: Picture, known: Sequence[ScanEvent], size: tuple[int, int], out: Path, *, light: bool) -> None:
    """Draw a screen once everything is told."""

    def tell_all(_sources: ReviewSources, tell: Callable[[ScanEvent], None], _stopped: Callable[[], bool]) -> None:
        for fact in [training_of(Project(Path()).run("qlora")), *known] if trained else known:
            tell(fact)

    trained = picture.name == "trained"
    app = CurateApp(sources_of([Path()]), tell_all, 0, At("finding", TRAINING_FILTER, "as found") if trained else None)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        for key in (*(["t"] if light else []), *picture.keys):
            await pilot.press(key)
            await settled(pilot)
        await pilot.pause(0.4)
        out.write_text(app.export_screenshot(title="curate review"), encoding="utf-8")
    Path(".curate", "decisions.jsonl").unlink(missing_ok=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--readme", action="store_true", help="the two pictures of the README")
    parser.add_argument("--only", default="", help="the screens with these names, separated by commas")
    options = parser.parse_args(arguments)
    out = options.out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    only = options.only.split(",") if options.only else [picture.name for picture in PICTURES]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        prepare()
        known = facts()
        if options.readme:
            for picture, shown_light in README:
                asyncio.run(draw(picture, known, (128, 22), out / f"{picture.name}.svg", light=shown_light))
            return
        for picture in PICTURES:
            for size in (SMALL, MIDDLE, LARGE):
                for light in (False, True):
                    if picture.name in only:
                        name = f"{picture.name}-{size[0]}x{size[1]}-{'light' if light else 'dark'}.svg"
                        asyncio.run(draw(picture, known, size, out / name, light=light))


if __name__ == "__main__":
    main()
