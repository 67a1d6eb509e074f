"""The Python side of the page's views: questions in, facts out. Each lab loads with its first question."""
