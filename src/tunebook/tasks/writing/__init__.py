"""What texts that models write are worth against the texts that are true."""
