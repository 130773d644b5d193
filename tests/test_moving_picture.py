"""The moving picture of the README shows what the program prints now."""

import re
from html import unescape

import pytest

from docs import moving_picture


def shown(svg: str) -> list[str]:
    """The lines of the terminal in a picture."""
    return [unescape(re.sub("<[^>]+>", "", line)) for line in re.findall(r"<text[^>]*>(.*?)</text>", svg)]


@pytest.mark.slow
def test_the_picture_is_current() -> None:
    kept = moving_picture.PICTURE.read_text("utf-8")
    assert shown(kept) == shown(moving_picture.picture()), "run: python -m docs.moving_picture"
    assert "<script" not in kept
