"""Pictures keep their place while they load: each gets the width and height of its file."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from PIL import Image

__all__ = ["sized"]

_PICTURE = re.compile(r"<img\b[^>]*>")
_SOURCE = re.compile(r'\bsrc="([^":]+\.(?:png|jpg|jpeg|webp))"')
_WORDS = re.compile(r'\balt="[^"]*"')
_SIZE = re.compile(r"\b(?:width|height)\b")


def sized(text: str, folder: Path) -> str:
    """Return a page that stands in `folder` with the sizes of its pictures; they shrink with the window."""

    def one(found: re.Match[str]) -> str:
        tag, source = found[0], _SOURCE.search(found[0])
        path = folder / unquote(source[1]) if source else folder
        if _SIZE.search(_WORDS.sub("", tag)) or not path.is_file():
            return tag
        with Image.open(path) as picture:
            width, height = picture.size
        return f'<img width="{width}" height="{height}"{tag.removeprefix("<img")}'

    return _PICTURE.sub(one, text)
