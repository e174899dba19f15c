"""Whether what a served model is asked, and what it answers, is still what it was proven on."""
