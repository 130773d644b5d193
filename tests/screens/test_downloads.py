"""Downloads of the review in a browser: whole, or failed."""

from typing import Any

import pytest
from textual_serve.app_service import AppService

from tui.web.server import Downloads


class Review:
    """A review that answers each request for a part of its file with the next of these."""

    app_service_id = "review"

    def __init__(self, downloads: Downloads, parts: list[bytes]) -> None:
        self.downloads, self.parts = downloads, parts

    async def send_meta(self, data: dict[str, Any]) -> bool:
        if self.parts:
            await self.downloads.chunk_received(data["key"], self.parts.pop(0))
        else:
            await self.downloads.cancel_app_downloads(self.app_service_id)
        return True


async def downloaded(parts: list[bytes]) -> bytes:
    downloads = Downloads()
    review: AppService = Review(downloads, parts)  # type: ignore[assignment]
    await downloads.create_download(
        app_service=review, delivery_key="k", file_name="lines.jsonl", open_method="download", mime_type=""
    )
    return b"".join([part async for part in downloads.download("k")])


async def test_a_download_is_whole_or_fails() -> None:
    assert await downloaded([b"one\n", b"two\n", b""]) == b"one\ntwo\n"
    with pytest.raises(ConnectionError, match="the review ended"):
        await downloaded([b"one\n"])
