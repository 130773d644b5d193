"""Whether what `curate run` wrote is what was decided."""

import json
from pathlib import Path

from curate.review import ReviewSession


def differences(session: ReviewSession, folder: Path) -> list[str]:
    """Examples whose decision the splits in `folder` do not follow.

    Kept ones have to be there as they were read, dropped and edited ones not; an edit has to be there instead.
    """
    out = [
        json.loads(line)
        for name in ("train", "validation", "test")
        for line in (folder / f"{name}.jsonl").read_text().splitlines()
    ]
    there = {json.dumps(line, sort_keys=True) for line in out}
    wrong = []
    for number in range(len(session.examples)):
        entry = session.examples.entry(number)
        parsed = session.line(entry.place)
        decision = session.log.state_of(entry.ids[0]) if entry.ids else None
        if decision is None or parsed is None:
            continue
        own = json.dumps(parsed.decoded.value, sort_keys=True) in there
        edited = decision.value is None or json.dumps(decision.value, sort_keys=True) in there
        stays = decision.verdict == "keep" or (decision.verdict == "undecided" and bool(decision.kept))
        if own is not stays or not edited:
            wrong.append(
                f"{entry.place}: {decision.verdict}, but "
                f"{'there' if own else 'not there'}{'' if edited else ', and its edit is not'}"
            )
    return wrong
