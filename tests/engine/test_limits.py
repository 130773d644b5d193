"""What is too big, too deep, broken off or taken away: told in bounded time and memory, and never with a half-written file."""

from curate.rules.quoted import LONGEST, holds_secret


def test_a_line_too_long_to_be_searched_for_secrets_shows_none_of_its_text() -> None:
    assert not holds_secret("a" * LONGEST)
    assert holds_secret("a" * (LONGEST + 1))
