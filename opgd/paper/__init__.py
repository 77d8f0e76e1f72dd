"""What the paper prints, and the protocol behind its tables."""
