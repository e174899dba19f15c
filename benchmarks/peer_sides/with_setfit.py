"""SetFit with its defaults: pairs of rows by their labels, then a logistic regression of vectors."""

from __future__ import annotations

import tempfile

from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments

from asked import LENGTH, Asked, answer, until


def learn(asked: Asked) -> list[str]:
    """One epoch over the pairs, or as much of it as the budget allows."""
    names = sorted(set(asked.labels))
    model = SetFitModel.from_pretrained(asked.model)
    model.model_body.max_seq_length = LENGTH
    rows = Dataset.from_dict({"text": asked.texts, "label": [names.index(one) for one in asked.labels]})
    with tempfile.TemporaryDirectory() as out:
        arguments = TrainingArguments(output_dir=out, save_strategy="no", report_to="none", show_progress_bar=False)
        callbacks = [until(0.8 * asked.budget)()]
        Trainer(model=model, args=arguments, train_dataset=rows, callbacks=callbacks).train()
    return [names[int(place)] for place in model.predict(asked.asked)]


if __name__ == "__main__":
    answer(learn, "setfit", "sentence-transformers", "transformers", "torch")
