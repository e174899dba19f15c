"""From files that people have to frozen rows that every run shares."""
