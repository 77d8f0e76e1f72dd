"""What the theme leaves undone."""
