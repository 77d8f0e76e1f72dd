"""press: turns prose (`book/`) and mathematics (`opgd/`) into executed, checked pages.

Chapters need one name only: `press.record`, which notes a reproduced number for the ledger.
"""

from press.ledger import Row, record

__all__ = ["Row", "record"]
