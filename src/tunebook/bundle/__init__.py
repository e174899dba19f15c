"""Models as files that answer without torch: what they are, and how they are asked."""
