"""Build the book: what to execute and why, one build at a time, what it shows, what can go from the store."""
