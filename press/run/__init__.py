"""Run a chapter: with `press.chapter` and `opgd`, all that shapes a result."""
