"""What of sources and their targets a plan learns: how many tokens, how many targets lose their end, and one pair."""

from __future__ import annotations

from typing import Any

import numpy as np

from tunebook.core.nouns import Plan
from tunebook.core.task import Rows, Task
from tunebook.nets.masking import IGNORED
from tunebook.verbs.steps.learnt import Learnt, Parts


def learnt_of_pairs(plan: Plan, task: Task, rows: Rows, tokenizer: Any) -> Learnt:
    """The same of a task whose line of tokens is a source and then its target, of which the target is learnt.

    Args:
        tokenizer: of the base model; it is set as the plan says.
    """
    reader = task.reader(tokenizer, plan.params)
    encoded = task.encode(task.seen(rows, plan.params), reader, plan.params.max_length)
    learnt = encoded.flat["labels"] != IGNORED
    first = slice(*encoded.offsets[:2].tolist())
    return Learnt(
        rows=len(rows),
        tokens=len(learnt),
        learnt=int(np.count_nonzero(learnt)),
        refused={},
        cut=task.unsaid(encoded),
        shortened=0,
        sample=_parts(encoded.flat["input_ids"][first], learnt[first], reader),
        pairs=True,
    )


def _parts(tokens: Any, learnt: Any, reader: Any) -> Parts:
    """Source and target, a line each."""
    source, target = (
        reader.decode(tokens[kept].tolist(), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        for kept in (~learnt, learnt)
    )
    return [(f"{source}\n", False), (target, True)]


__all__ = ["learnt_of_pairs"]
