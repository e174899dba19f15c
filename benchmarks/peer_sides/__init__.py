"""One script a peer, each run in an environment of its own: rows in, answers and what they cost out."""
