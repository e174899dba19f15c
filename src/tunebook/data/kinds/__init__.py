"""One file a kind of target, found by scanning this folder."""
