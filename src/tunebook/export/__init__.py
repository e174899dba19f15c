"""From a run to files that answer elsewhere, each with the proof that they answer the same."""
