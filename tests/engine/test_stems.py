import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from curate.language.tokens import stem

ENDINGS = ("ing", "ed", "ational", "ness", "ies", "fully", "s")


@pytest.fixture
def _restless() -> Iterator[None]:
    """Threads take turns a thousand times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.slow
@pytest.mark.usefixtures("_restless")
def test_threads_stem_as_one_does() -> None:
    chosen = random.Random(1)
    words = [
        "".join(chosen.choices("aeioustrnlmdgy", k=chosen.randint(4, 9))) + chosen.choice(ENDINGS) for _ in range(3_000)
    ]
    alone = stem.__wrapped__  # without what is remembered
    wanted = list(map(alone, words))
    with ThreadPoolExecutor(4) as threads:
        assert all(found == wanted for found in threads.map(lambda _: list(map(alone, words)), range(4)))
