"""One build at a time: the lock, and what a build shows."""
