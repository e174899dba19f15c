"""What a run's model makes of unlabelled rows: how sure it is, what it says, and what its last layer reads."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.core.formatting import score_text
from tunebook.core.kind import Link
from tunebook.core.messages import say
from tunebook.core.nouns import Labels
from tunebook.core.progress import Progress
from tunebook.core.task import Rows, Task
from tunebook.stats.next_rows import any_doubt, margin_doubt
from tunebook.verbs.steps.runs import Run

HowNext = Literal["uncertainty", "diversity", "badge", "random"]
Sort = Literal["rows", "tokens"]
Array = NDArray[Any]


@dataclass(frozen=True)
class Read:
    """What a model makes of rows.

    Attributes:
        sure: from 0 to 1, shape (N,): the lead of the best class, that of the least sure of several classes, or of
            tokens the geometric mean of the chance of the best tag.
        said: what it says of each, as a person reads it.
        chances: of each class, shape (N, K); None of tokens. names: of the classes.
        several: a row may have any of them.
        vectors: what the last layer reads, of tokens their mean, shape (N, H); None where that layer is not known.
    """

    sure: Array
    said: list[str]
    chances: Array | None
    names: list[str]
    several: bool
    vectors: Array | None

    def doubt(self, place: int) -> str:
        """Why a row is worth a label, in a few words."""
        if self.chances is None:
            return say("label_next.tokens", chance=score_text(float(self.sure[place])))
        each = self.chances[place]
        if self.several:
            least = int(np.abs(each - 0.5).argmin())
            return say("label_next.unsure", name=self.names[least], chance=score_text(float(each[least])))
        second, first = np.argsort(each, kind="stable")[-2:]
        return say(
            "label_next.between",
            first=self.names[first],
            chance=score_text(float(each[first])),
            second=self.names[second],
            other=score_text(float(each[second])),
        )


def sort_of(task: Task, labels: Labels) -> Sort | None:
    """Whether a task's answers are classes of rows or tags of tokens; None for any others."""
    if "head" not in task.gives or labels.kind.link == "identity":
        return None
    return "rows" if "row_logits" in task.gives else "tokens" if "sequences" in task.gives else None


def read_rows(run: Run, rows: Rows, progress: Progress | None = None) -> Read:
    """Run a run's model over rows.

    Raises:
        RunError: it has not finished. ModelError: the model is damaged.
    """
    from tunebook.engine.infer import Inference
    from tunebook.engine.load import load_model
    from tunebook.nets.heads import head_inputs, named_head

    loaded = load_model(run.model, run.plan)
    labels, task = run.plan.labels, loaded.task
    sort, width = sort_of(task, labels), int(loaded.model.config.num_labels)
    head = named_head(loaded.model, width)[1]
    encoded = loaded.net.encoded(task.seen(rows, run.plan.params), progress)
    with ExitStack() as held:
        seen: list[Any] = [] if head is None else held.enter_context(head_inputs(head))
        reading = Inference(
            task, loaded.tokenizer.pad_token_id, read=_Reading(seen, sort == "tokens"), what="label_next"
        )
        found = reading.run(loaded.model, encoded, progress=progress).logits
    first = 1 if sort == "tokens" else width
    vectors = found[:, first:].astype(np.float64) if head is not None else None
    plain = replace(rows, targets=None)
    if sort == "tokens":
        said = task.say(loaded.logits(plain, progress), plain, labels)
        return Read(np.exp(found[:, 0]), _shown(task, said), None, [], False, vectors)
    logits, several = found[:, :width], labels.kind.link == "sigmoid"
    chances = _chances(logits.astype(np.float64), labels.kind.link)
    sure = 1 - (any_doubt(chances) if several else margin_doubt(chances))
    return Read(sure, _shown(task, task.say(logits, plain, labels)), chances, labels.names, several, vectors)


def _shown(task: Task, said: list[dict[str, Any]]) -> list[str]:
    """The first part of what is said of each row: the answer itself."""
    return [task.shown(next(iter(answer.values()))) for answer in said]


def _chances(logits: Array, link: Link) -> Array:
    if link == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-logits)))
    parts = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(parts / parts.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class _Reading:
    """Reads of a batch the logits, or of tokens the mean log-chance of the best tag, with what went into the head.

    Attributes:
        seen: that the hook of the head fills; empty where the head is not known.
        tokens: the answers are tags.
    """

    seen: list[Any]
    tokens: bool

    def __call__(self, outputs: Any, batch: Any) -> Any:
        import torch

        from tunebook.nets.heads import pooled

        logits, parts = outputs.logits.float(), list(self.seen)
        self.seen.clear()
        if not self.tokens:
            return torch.cat([logits, *([pooled(parts, batch["attention_mask"])] if parts else [])], dim=1)
        best = logits.log_softmax(dim=-1).max(dim=-1).values[..., None]
        each = torch.cat([best, *(part.float() for part in parts[:1])], dim=-1)
        return _means(each, batch)


def _means(each: Any, batch: Any) -> Any:
    """Means over the tokens of each row that count, of values (lines, length, k): of a row's lines together."""
    from tunebook.bundle.pieces import ELSEWHERE, PART
    from tunebook.tasks.tagging.batches import ROW

    counted = (batch[PART] != ELSEWHERE).to(each)
    row, rows = batch[ROW], int(batch[ROW][-1]) + 1
    sums = each.new_zeros(rows, each.shape[-1]).index_add_(0, row, (each * counted[..., None]).sum(1))
    counts = each.new_zeros(rows).index_add_(0, row, counted.sum(1))
    return sums / counts.clamp_min(1)[:, None]


__all__ = ["HowNext", "Read", "Sort", "read_rows", "sort_of"]
