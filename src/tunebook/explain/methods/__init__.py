"""Ways to explain an answer, one a module."""
