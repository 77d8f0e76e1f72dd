"""A chapter at many points: the grid, the workers, the table and the page."""
