"""Where trainings are done: in this process, or as tasks of a Ray cluster."""
