from __future__ import annotations

import pytest
from press.site.sphinx_api import notation


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the $j$-th of `size`", r"the :math:`j`-th of ``size``"),
        ("all $x$s and a$y$", r"all :math:`x`\ s and a\ :math:`y`"),
        ("over $a +\n    b$ lines", ":math:`a + b`"),
        ("``$HOME`` and ``a `b` c``", "``$HOME`` and ``a `b` c``"),
        (":math:`x`, :ref:`a`, `link <x>`_", ":math:`x`, :ref:`a`, `link <x>`_"),
        (">>> f(`$x$`)\n'$y$'", ">>> f(`$x$`)\n'$y$'"),
        (r"costs 5 \$ or $x$", r"costs 5 \$ or :math:`x`"),
    ],
)
def test_notation(text: str, expected: str) -> None:
    assert expected in notation(text)


def test_a_doctest_does_not_stop_the_paragraphs_around_it() -> None:
    assert notation("$a$\n\n>>> '$b$'\n\n`c`") == ":math:`a`\n\n>>> '$b$'\n\n``c``"
