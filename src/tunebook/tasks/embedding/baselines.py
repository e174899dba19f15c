"""What an embedding model is compared with: TF-IDF, and its base model before training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.errors import MachineError
from tunebook.core.hooks import BaselineInput
from tunebook.core.settings import Filled
from tunebook.core.task import Task

Array = NDArray[Any]
_BATCH = 32  # rows


def baselines(task: Task, given: BaselineInput) -> Mapping[str, Callable[[], Array]]:
    """`tfidf` and `base`.

    Raises:
        MachineError: scikit-learn is not installed.
    """
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise MachineError("machine.extra", key="scikit-learn", extra="train") from error
    chinese = str(given.data.stats.get("language")) in ("zh", "mixed")
    rows = given.rows[given.split]
    return {"tfidf": partial(_tfidf, given.rows["train"], rows, chinese), "base": partial(_base, task, given, rows)}


def _tfidf(train: Rows, rows: Rows, chinese: bool) -> Array:
    """Cosines of words; for Chinese of characters and pairs of them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    how: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, 2)} if chinese else {}
    vectors = TfidfVectorizer(sublinear_tf=True, **how).fit([*train.texts, *(train.pairs or ())])
    first, second = vectors.transform(rows.texts), vectors.transform(rows.pairs or ())
    return np.asarray(first.multiply(second).sum(1), dtype=np.float32)


def _base(task: Task, given: BaselineInput, rows: Rows) -> Array:
    """Answers of the base model with the pooling and the prompts that it was made with."""
    import torch

    from tunebook.core.batch import model_inputs
    from tunebook.models.source import find_model, load_tokenizer

    plan, folder = given.plan, find_model(given.plan.model, allow_pickle=True)
    settings = task.settled(Filled.defaults(), folder, plan.labels, plan.model)
    model = task.build(folder, plan.labels, settings).eval()
    model = model.to("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer, length = load_tokenizer(folder), plan.params.max_length
    encoded = task.encode(task.seen(rows, settings), tokenizer, length)
    order = np.argsort(-encoded.lengths, kind="stable")
    found: Array = np.zeros((len(encoded), 1), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            batch = task.collate(encoded, chosen.tolist(), tokenizer.pad_token_id)
            batch = {name: value.to(model.device) for name, value in batch.items()}
            found[chosen] = task.read(model(**model_inputs(batch)), batch, model).float().cpu().numpy()  # type: ignore[attr-defined]
    return found


__all__ = ["baselines"]
