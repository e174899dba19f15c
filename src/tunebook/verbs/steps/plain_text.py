"""How well a run's model, and its base model before training, still say plain text: what fine-tuning forgets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tunebook.core.files import file_id
from tunebook.core.lineage import General
from tunebook.core.nouns import Labels, Plan
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.writes import Talks
from tunebook.verbs.steps.retention import interval
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.untrained import tuned, untrained

if TYPE_CHECKING:
    from tunebook.core.metric import Scorer
    from tunebook.engine.load import LoadedModel

_TASK, _METRIC = "causal_lm", "perplexity"


def is_plain(path: Path, plan: Plan) -> bool:
    """Whether a general set is a file of texts, and the run's model one that goes on with a text."""
    return path.is_file() and isinstance(task_of(plan.task)(), Talks)


def on_text(run: Run, file: Path, progress: Progress | None = None) -> General:
    """The perplexity of the documents of a file, read in full rows one after the other as a language model learns them;
    its interval is that of the rows.

    Raises:
        DataError: as `tunebook.data.raw_text.prepare_raw`. ModelError: a model is no longer to be had.
    """
    from tunebook.data.load import load
    from tunebook.data.raw_text import prepare_raw
    from tunebook.stats.bootstrap import Units

    plan = run.plan
    raw = prepare_raw(file, run.book / "cache", task=_TASK)
    texts = [text for split in ("train", "validation") for text in load(raw, split).texts]
    base = _scorer(untrained(plan, plan.labels), texts, raw.labels, progress)
    now = _scorer(tuned(run.model, plan, plan.labels), texts, raw.labels, progress)
    units = Units.of(base[1], None)
    return General(
        run=run.id,
        book=file.name,
        content=file_id(file),
        rows=len(texts),
        metric=_METRIC,
        base=interval(base[0], units),
        tuned=interval(now[0], units),
        gain=interval(lambda chosen: now[0](chosen) - base[0](chosen), units),
    )


def _scorer(loaded: LoadedModel, texts: list[str], labels: Labels, progress: Progress | None) -> tuple[Scorer, int]:
    """The perplexity of any rows of tokens by their numbers, and how many there are."""
    from tunebook.core.answers import Rows
    from tunebook.engine.infer import Inference

    task: Any = task_of(_TASK)()
    rows = Rows(texts, None, None, [str(number) for number in range(len(texts))])
    encoded = task.encode(rows, loaded.tokenizer, loaded.plan.params.max_length)
    said = Inference(task, loaded.tokenizer.pad_token_id, 16).run(loaded.model, encoded, progress=progress).logits
    known = np.zeros(len(said))  # the texts are their own targets
    return task.scorer(said, known, labels, _METRIC), len(said)


__all__ = ["is_plain", "on_text"]
