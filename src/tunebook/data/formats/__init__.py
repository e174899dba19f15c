"""One file a format of an annotation tool or library, found by scanning this folder."""
