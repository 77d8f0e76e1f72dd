"""From executed chapters to pages: staging, HTML, PDF, single pages, notebooks for other places."""
