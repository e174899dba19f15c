"""The page: the same functions as the command line, in a browser."""
