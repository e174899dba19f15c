"""The only place that knows transformers' Trainer: techniques are woven into it here."""
