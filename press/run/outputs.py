"""Private outputs of cells, by which a chapter tells the press something; pages do not show them."""

__all__ = ["LEDGER", "SECONDS"]

LEDGER = "application/vnd.opgd.ledger+json"
"""A number of the paper beside ours (`press.chapter.record`)."""
SECONDS = "application/vnd.opgd.seconds+json"
"""How long a result took that was kept from an earlier run (`press.chapter.keep`)."""
