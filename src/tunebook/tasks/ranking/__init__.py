"""What tasks that put passages in order by a query share."""
