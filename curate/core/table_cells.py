"""Values of tables that JSON has no form for."""

import base64
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

IMAGES: Final = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp", b"BM": "bmp"}


def data_url(data: bytes) -> str:
    """Bytes as a data URL; the type is that of a known image, or any."""
    kind = next((f"image/{name}" for magic, name in IMAGES.items() if data.startswith(magic)), None)
    return f"data:{kind or 'application/octet-stream'};base64,{base64.b64encode(data).decode()}"


def cell(value: Any) -> Any:
    """A value that JSON has no form for."""
    import orjson

    if isinstance(value, Decimal):
        return orjson.Fragment(str(value)) if value.is_finite() else str(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return data_url(value)
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():g}S"
    return str(value)


def slow_cell(value: Any) -> Any:
    """The same for the standard library, which cannot embed text."""
    import orjson

    if isinstance(value, orjson.Fragment):
        return json.loads(value.contents)
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if hasattr(value, "isoformat") else cell(value)
