"""SentenceTransformerTrainer on the labels themselves (batch-all triplet loss), then a linear model of the vectors."""

from __future__ import annotations

import tempfile

from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.losses import BatchAllTripletLoss
from sklearn.linear_model import LogisticRegression

from asked import LENGTH, Asked, answer, until


def learn(asked: Asked) -> list[str]:
    """Tune the vectors with the trainer's defaults, and a linear model on top of them."""
    names = sorted(set(asked.labels))
    model = SentenceTransformer(asked.model)
    model.max_seq_length = LENGTH
    rows = Dataset.from_dict({"sentence": asked.texts, "label": [names.index(one) for one in asked.labels]})
    with tempfile.TemporaryDirectory() as out:
        trainer = SentenceTransformerTrainer(
            model=model,
            args=SentenceTransformerTrainingArguments(
                out, per_device_train_batch_size=32, save_strategy="no", report_to=[], disable_tqdm=True
            ),
            train_dataset=rows,
            loss=BatchAllTripletLoss(model),
            callbacks=[until(0.8 * asked.budget)()],
        )
        trainer.train()
    head = LogisticRegression(max_iter=1000).fit(model.encode(asked.texts), asked.labels)
    return list(map(str, head.predict(model.encode(asked.asked))))


if __name__ == "__main__":
    answer(learn, "sentence-transformers", "transformers", "torch")
