"""What a plan learns of conversations or targets: how many tokens, which rows not, and one row with its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from tunebook.core.chat import Chat
from tunebook.core.errors import PlanError
from tunebook.core.learns import Learns
from tunebook.core.messages import say
from tunebook.core.nouns import DataRef, Plan
from tunebook.core.registry import task_of
from tunebook.core.task import Rows, Task
from tunebook.core.writes import Writes
from tunebook.models.chat_template import Refused, Rendered, render, with_template
from tunebook.models.chat_text import facts
from tunebook.nets.masking import IGNORED

MOST = 2000  # rows that are looked at, drawn alike from all training rows
_TOLD = 0.01
Parts = list[tuple[str, bool]]


@dataclass(frozen=True)
class Learnt:
    """What was seen of the training rows.

    Attributes:
        rows: that were looked at; tokens: of all of them, learnt: those that are learnt.
        refused: reason (of `Refused`) -> rows without anything to learn.
        cut: rows whose answer lost its end; shortened: rows whose first turns were left out.
        sample: text of a row in parts, and whether each is learnt.
        most: share of the rows that may have nothing to learn.
        thoughts: rows with answers that are not learnt, for the thoughts before them are left out.
        header: what is put in front of an answer that is asked for, as the model's template does not; mostly empty.
        pairs: the rows are sources with targets, and no conversations.
    """

    rows: int
    tokens: int
    learnt: int
    refused: dict[str, int]
    cut: int
    shortened: int
    sample: Parts
    most: float = 0.5
    thoughts: int = 0
    header: str = ""
    pairs: bool = False

    @property
    def without(self) -> int:
        """Rows without anything to learn."""
        return sum(self.refused.values())

    def data(self) -> dict[str, Any]:
        """As `check --json` has it."""
        return {
            "rows_looked_at": self.rows,
            "tokens": self.tokens,
            "learnt_tokens": self.learnt,
            "rows_without": self.without,
            "reasons": self.refused,
            "cut_share": self.cut / self.rows,
            "shortened_share": self.shortened / self.rows,
            "sample": [{"text": text, "learnt": learnt} for text, learnt in self.sample],
        }

    def problem(self) -> PlanError | None:
        """Why nothing is trained on such rows: too many of them teach nothing."""
        if self.without <= self.most * self.rows:
            return None
        share = f"{self.without / self.rows:.0%}"
        return PlanError("learnt.nothing", key="max_length", share=share, reasons=reasons_text(self.refused))

    def warnings(self) -> list[dict[str, Any]]:
        """Rows that teach nothing, answers that lose their end, and a template that does not open them."""
        few = _TOLD * self.rows
        counts: tuple[tuple[str, int, dict[str, Any]], ...] = (
            ("learnt.without", self.without if self.problem() is None else 0, {"reasons": reasons_text(self.refused)}),
            ("learnt.target_cut" if self.pairs else "learnt.cut", self.cut, {}),
            ("learnt.thoughts", self.thoughts, {}),
        )
        found = [(code, {"share": f"{count / self.rows:.1%}", **more}) for code, count, more in counts if count > few]
        if self.header:
            found.append(("learnt.header", {"header": self.header.strip()}))
        return [{"code": code, "message": say(code, **fields), "fields": fields} for code, fields in found]


def reasons_text(refused: dict[str, int]) -> str:
    """Reasons with their numbers of rows, in words."""
    ordered = sorted(refused.items(), key=lambda item: -item[1])
    return "; ".join(f"{say(f'learnt.reason.{reason}')}: {count}" for reason, count in ordered)


def learnt_of(plan: Plan, data: DataRef, folder: Path) -> Learnt | None:
    """What the plan learns of a book whose rows are conversations, or texts to be written; None of any other.

    Args:
        folder: of the base model.

    Raises:
        ModelError: its tokenizer has no use for conversations.
    """
    from tunebook.data.kind import column_kind
    from tunebook.data.load import load
    from tunebook.models.source import load_tokenizer

    task = task_of(plan.task)()
    if not told_of(plan.task, plan.labels.problem) or task.own is None:
        return None
    own: Any = plan.params.more(task.own)
    rows = load(data, "train")
    chosen = np.linspace(0, len(rows) - 1, min(MOST, len(rows))).astype(np.int64).tolist()
    if isinstance(task, Writes) and plan.task not in column_kind(plan.labels.problem).of_chats:
        return learnt_of_pairs(plan, task, rows.at(chosen), load_tokenizer(folder))
    tokenizer = with_template(load_tokenizer(folder), own.template)
    if isinstance(task, Learns):
        seen = task.seen(rows.at(chosen), plan.params)
        made = task.rendered(seen, tokenizer, plan.params.max_length)
        return replace(_counted(made, tokenizer), most=task.most_unlearnt)
    chats = [rows.chats[place] for place in chosen] if rows.chats else []
    found = seen_of(chats, tokenizer, {"learn": own.learn, "cut": own.cut, "max_length": plan.params.max_length})
    return replace(found, most=task.most_unlearnt)


def seen_of(chats: Sequence[Chat], tokenizer: Any, how: dict[str, Any]) -> Learnt:
    """The same of conversations; `how` are the arguments of `render`."""
    return _counted([render(chat, tokenizer, **how) for chat in chats], tokenizer)


def told_of(task: str, problem: str) -> bool:
    """Whether it is told what a task learns of rows of a kind."""
    from tunebook.data.kind import column_kind

    kind = column_kind(problem)
    return task in kind.of_chats or (
        task in kind.tasks and (kind.of_preferences or isinstance(task_of(task)(), Writes))
    )


def _counted(found: Sequence[Rendered | Refused], tokenizer: Any) -> Learnt:
    there = [one for one in found if isinstance(one, Rendered)]
    return Learnt(
        rows=len(found),
        tokens=sum(len(one.input_ids) for one in there),
        learnt=sum(sum(one.learnt) for one in there),
        refused=dict(Counter(one.reason for one in found if isinstance(one, Refused))),
        cut=sum(one.cut for one in there),
        shortened=sum(one.left_out > 0 for one in there),
        thoughts=sum(one.unlearnt > 0 for one in there),
        sample=parts_of(min(there, key=_incomplete), tokenizer) if there else [],
        header=facts(tokenizer).header,
    )


def _incomplete(row: Rendered) -> bool:
    """Whether some of a conversation was left out: the first whole one is shown."""
    return row.cut or row.left_out > 0


def parts_of(row: Rendered, tokenizer: Any) -> Parts:
    """The text of a row's tokens in parts that are learnt and parts that are not."""
    parts: Parts = []
    end, before = 0, ""
    for learnt, group in groupby(row.learnt):
        end += len(list(group))
        text = tokenizer.decode(row.input_ids[:end], skip_special_tokens=False, clean_up_tokenization_spaces=False)
        parts.append((text[len(before) :], learnt))
        before = text
    return parts


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
        sample=_pair(encoded.flat["input_ids"][first], learnt[first], reader),
        pairs=True,
    )


def _pair(tokens: Any, learnt: Any, reader: Any) -> Parts:
    """Source and target, a line each."""
    source, target = (
        reader.decode(tokens[kept].tolist(), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        for kept in (~learnt, learnt)
    )
    return [(f"{source}\n", False), (target, True)]


__all__ = ["MOST", "Learnt", "Parts", "learnt_of", "learnt_of_pairs", "parts_of", "reasons_text", "seen_of", "told_of"]
