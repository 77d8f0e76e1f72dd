from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from press.site.repairs.images import sized


@pytest.mark.parametrize("name", ["a.png", "_images/b%20c.png"])
def test_a_picture_gets_the_size_of_its_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name.replace("%20", " ")
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (30, 20)).save(path)
    text = f'<p><img alt="A height against a width." src="{name}"/> and text</p>'
    assert sized(text, tmp_path) == text.replace("<img", '<img width="30" height="20"')


@pytest.mark.parametrize(
    "tag",
    [
        '<img alt="not there" src="none.png"/>',
        '<img src="https://example.org/a.png"/>',
        '<img src="data:image/png;base64,AA=="/>',
        '<img src="a.svg"/>',
        '<img src="a.png" width="3"/>',
        '<img src="a.png" style="height: 3em"/>',
    ],
)
def test_others_are_left_as_they_are(tmp_path: Path, tag: str) -> None:
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    assert sized(tag, tmp_path) == tag
