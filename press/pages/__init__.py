"""What evidence looks like on a page."""
