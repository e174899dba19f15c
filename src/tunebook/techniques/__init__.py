"""One file a technique, found by scanning this folder."""
