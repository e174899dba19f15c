"""One file a stage, found by scanning this folder."""
