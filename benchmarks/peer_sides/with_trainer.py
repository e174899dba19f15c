"""transformers' Trainer with its defaults: three epochs at 5e-5 in batches of 8, linear fall, no warm-up."""

from __future__ import annotations

import tempfile

from datasets import Dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

from asked import LENGTH, Asked, answer, until


def learn(asked: Asked) -> list[str]:
    """Fine-tune all weights; where the budget ends first, training ends there."""
    names = sorted(set(asked.labels))
    tokenizer = AutoTokenizer.from_pretrained(asked.model)
    model = AutoModelForSequenceClassification.from_pretrained(asked.model, num_labels=len(names))

    def rows(texts: list[str], labels: list[str] | None = None) -> Dataset:
        read = dict(tokenizer(texts, truncation=True, max_length=LENGTH))
        return Dataset.from_dict(
            {**read, **({} if labels is None else {"labels": [names.index(one) for one in labels]})}
        )

    with tempfile.TemporaryDirectory() as out:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(out, save_strategy="no", report_to=[], disable_tqdm=True),
            train_dataset=rows(asked.texts, asked.labels),
            data_collator=DataCollatorWithPadding(tokenizer),
            callbacks=[until(asked.budget)()],
        )
        trainer.train()
        found = trainer.predict(rows(asked.asked)).predictions.argmax(-1)
    return [names[place] for place in found]


if __name__ == "__main__":
    answer(learn, "transformers", "torch")
