"""No screen of the review draws a key, a token or a password, of 60 kinds, until a person asks for secrets."""

from pathlib import Path

import pytest

from curate.review.scan import scan
from curate.review.sources import sources_of
from tests.hostile.test_secret_answers import shown, write_secrets
from tests.screens.conftest import opened, screen_text
from tui.app import CurateApp


@pytest.mark.slow
async def test_no_screen_draws_a_secret_unasked() -> None:
    write_secrets(together=6)
    app = CurateApp(sources_of([Path("data.jsonl")]), lambda sources, tell, _stopped: scan(sources, None, tell))
    async with app.run_test(size=(250, 60)) as pilot:
        session = await opened(pilot)
        seen = [screen_text(app)]
        for number, entries in enumerate(session.queues.values(), start=2):
            await opened(pilot, str(number), "home")
            for _ in range(min(len(entries), 12)):
                seen.append(screen_text(app))
                await opened(pilot, "down")
        assert len(seen) > 30
        assert shown("\n".join(seen)) == []
