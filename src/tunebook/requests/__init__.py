"""What was asked of a served model and what it answered: one record a text, appended, never changed."""
