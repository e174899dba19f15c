"""One file a task, found by scanning this folder."""
