"""What an embedding model is compared with: TF-IDF or BM25, and its base model before training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.errors import MachineError
from tunebook.core.hooks import BaselineInput
from tunebook.core.settings import Filled
from tunebook.core.task import Searches, Task
from tunebook.tasks.embedding.neighbours import highest
from tunebook.tasks.embedding.search import nearest, unit
from tunebook.tasks.ranking.lexical import search

Array = NDArray[Any]
_BATCH, _BLOCK = 64, 256  # texts


def baselines(task: Task, given: BaselineInput) -> Mapping[str, Callable[[], Array]]:
    """Of pairs and of texts with a class `tfidf`, of queries `bm25`, and `base`.

    Raises:
        MachineError: scikit-learn is not installed.
    """
    rows = given.rows[given.split]
    if rows.passages is not None:
        return {"bm25": partial(search, rows), "base": partial(_base, task, given, rows)}
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise MachineError("machine.extra", key="scikit-learn", extra="train") from error
    chinese = str(given.data.stats.get("language")) in ("zh", "mixed")
    tfidf = _tfidf if rows.pairs is not None else partial(_tfidf_classes, len(given.plan.labels.names))
    return {"tfidf": partial(tfidf, given.rows["train"], rows, chinese), "base": partial(_base, task, given, rows)}


def _tfidf(train: Rows, rows: Rows, chinese: bool) -> Array:
    """Cosines of words; for Chinese of characters and pairs of them."""
    vectors = _words(chinese).fit([*train.texts, *(train.pairs or ())])
    first, second = vectors.transform(rows.texts), vectors.transform(rows.pairs or ())
    return np.asarray(first.multiply(second).sum(1), dtype=np.float32)


def _words(chinese: bool) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    how: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, 2)} if chinese else {}
    return TfidfVectorizer(sublinear_tf=True, **how)


def _tfidf_classes(classes: int, train: Rows, rows: Rows, chinese: bool) -> Array:
    """The classes of the training rows that are nearest by the same vectors."""
    vectors = _words(chinese).fit(train.texts)
    known, asked = vectors.transform(train.texts), vectors.transform(rows.texts)
    assert train.targets is not None
    parts = []
    for start in range(0, len(rows), _BLOCK):
        cosines = (asked[start : start + _BLOCK] @ known.T).toarray()
        parts.append(highest(cosines, train.targets, classes))
    return np.concatenate(parts)


def _base(task: Task, given: BaselineInput, rows: Rows) -> Array:
    """Answers of the base model with the pooling and the prompts that it was made with."""
    vectors, settings = vectors_of(task, given, given.plan.params.max_length)
    seen = task.seen(rows, settings)
    first = vectors(seen.texts)
    if seen.passages is not None:
        return nearest(first, vectors(seen.passages)).matrix(np.float32)
    if seen.pairs is not None:
        return np.asarray((unit(first) * unit(vectors(seen.pairs))).sum(1, keepdims=True))
    train = given.rows["train"]
    known = vectors(task.seen(train, settings).texts)
    assert isinstance(task, Searches)
    return task.classed((rows, first), (train, known), given.plan.labels)


def vectors_of(task: Any, given: BaselineInput, length: int) -> tuple[Callable[[Sequence[str]], Array], Filled]:
    """A function from texts to their vectors by the base model, with the pooling that it was made with, and the
    settings that say so, its prompts among them.

    Args:
        task: of embeddings; length: tokens that are read of a text.
    """
    import torch

    from tunebook.core.batch import model_inputs
    from tunebook.models.source import find_model, load_tokenizer

    plan, folder = given.plan, find_model(given.plan.model, allow_pickle=True)
    settings = task.settled(Filled.defaults(), folder, plan.labels, plan.model)
    model = task.build(folder, plan.labels, settings).eval()
    model = model.to("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = load_tokenizer(folder)

    def vectors(texts: Sequence[str]) -> Array:
        encoded = task.encode(Rows(texts, None, None, [""] * len(texts)), tokenizer, length)
        order = np.argsort(-encoded.lengths, kind="stable")
        parts = []
        with torch.inference_mode():
            for start in range(0, len(order), _BATCH):
                batch = task.collate(encoded, order[start : start + _BATCH].tolist(), tokenizer.pad_token_id)
                batch = {name: value.to(model.device) for name, value in batch.items()}
                parts.append(model(**model_inputs(batch)).logits.cpu().numpy())
        return np.concatenate(parts)[np.argsort(order)]

    return vectors, settings


__all__ = ["baselines", "vectors_of"]
