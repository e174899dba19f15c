"""Parameter tables: reading and writing them in four formats, their versions, what they mean."""
