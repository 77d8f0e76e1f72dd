"""What the cells of a chapter import; `style`, which loads matplotlib, is a module of its own."""

from press.chapter.keep import store
from press.chapter.note import note
from press.chapter.record import Row, largest_distance, record, record_fit
from press.chapter.table import table

__all__ = ["Row", "largest_distance", "note", "record", "record_fit", "store", "table"]
