"""What the cells of a chapter import."""

from press.chapter.keep import store
from press.chapter.record import Row, record

__all__ = ["Row", "record", "store"]
