"""What the cells of a chapter import; `style`, which loads matplotlib, is a module of its own."""

from press.chapter.keep import store
from press.chapter.note import note
from press.chapter.record import Row, record
from press.chapter.table import table

__all__ = ["Row", "note", "record", "store", "table"]
