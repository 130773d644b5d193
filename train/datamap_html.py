"""The data map of a run for its HTML report: a plot, what it says, and the hardest examples."""

from collections.abc import Iterator, Sequence

from curate.datamap import Mapped, Region
from curate.report.html import safe
from curate.report.html_plots import Dots, scatter
from curate.text import plural
from train.report import DataMap, Hard, Report

REGIONS: tuple[Region, ...] = ("easy", "ambiguous", "hard")


def map_html(report: Report, mapped: Sequence[Mapped]) -> Iterator[str]:
    """The parts of the section; none where the run has no map."""
    found = report.data_map
    if found is None:
        return
    yield "<h2>What was easy and what was hard to learn</h2>\n"
    yield "".join(f"<p>{safe(sentence)}</p>\n" for sentence in said(found))
    dots = [Dots(name, [(one.variability, one.confidence) for one in mapped if one.region == name]) for name in REGIONS]
    yield scatter("Each example by how sure the model was of its answer, and how much that moved", *dots, across="variability", up="confidence")
    yield "<table><tr><th>line of train.jsonl</th><th>loss</th><th>why</th><th>question</th><th>answer</th></tr>"
    for one in found.hardest:
        texts = "".join(f'<td class="text">{safe(text)}</td>' for text in (one.prompt, one.answer))
        yield f"<tr><td>{one.line:,}</td><td>{one.loss:.2f}</td><td>{safe(why(one))}</td>{texts}</tr>"
    yield "</table>\n"


def said(found: DataMap) -> Iterator[str]:
    """The map in words."""
    times = f"{found.visits:.1f}".removesuffix(".0")
    yield f"{plural(found.examples, 'example')}, each trained on {times} {'time' if times == '1' else 'times'} on average."
    for one in found.regions:
        name = {"easy": "Easy to learn", "ambiguous": "Ambiguous (the third whose confidence moved most)", "hard": "Hard to learn"}[one.name]
        yield f"{name}: {plural(one.examples, 'example')}, loss {one.loss:.2f}, confidence {one.confidence:.2f}."
    if found.spiked:
        yield f"{plural(found.spiked, 'example')} made the loss of a step rise far above that of the steps before."
    if found.pulling:
        pull = "pulls against its neighbours, which ask" if found.pulling == 1 else "pull against their neighbours, which ask"
        yield f"{plural(found.pulling, 'example')} {pull} much the same, answer otherwise and are learnt well."


def why(one: Hard | Mapped) -> str:
    """Why an example deserves a look, in a few words."""
    parts = [f"{one.excess:+.2f} nats against the others of its time"]
    if one.spike is not None:
        parts.append(f"step {one.spike:,} spiked by it")
    if one.pull is not None:
        parts.append(f"{one.pull:.2f} above its neighbours, which answer otherwise")
    return "; ".join(parts)
