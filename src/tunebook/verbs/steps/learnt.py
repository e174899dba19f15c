"""What a plan learns of conversations or targets: how many tokens, which rows not, and one row with its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, cast

import numpy as np

from tunebook.core.chat import Chat
from tunebook.core.errors import PlanError
from tunebook.core.files import content_id
from tunebook.core.installed import version_of
from tunebook.core.learns import Learns
from tunebook.core.messages import say
from tunebook.core.nouns import DataRef, Plan
from tunebook.core.registry import task_of
from tunebook.core.settings import Filled
from tunebook.core.task import Rows, Task
from tunebook.core.writes import Writes
from tunebook.engine.learnable import mark_row
from tunebook.models.chat_template import Refused, Rendered, render, with_template
from tunebook.models.chat_text import facts
from tunebook.nets.masking import IGNORED
from tunebook.verbs.steps.book import kept, kept_model_id

MOST = 10_000  # rows that are looked at, drawn alike from all training rows
_TOLD = 0.01
Parts = list[tuple[str, bool]]


@dataclass(frozen=True)
class Learnt:
    """What was seen of the training rows.

    Attributes:
        rows: that were looked at, of `whole` (0: of as many).
        tokens: of those that have something to learn; learnt: those that are learnt.
        refused: reason (of `Refused`) -> rows without anything to learn, which are left out.
        cut: rows whose answer lost its end; shortened: rows whose first turns were left out.
        sample: text of a row in parts, and whether each is learnt.
        most: share of the rows that may have nothing to learn.
        thoughts: rows with answers that are not learnt, for the thoughts before them are left out.
        header: what is put in front of an answer that is asked for, as the model's template does not; mostly empty.
        pairs: the rows are sources with targets, and no conversations.
        mark: the row of the table that lets cut answers be learnt, where it does not; else empty.
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
    mark: str = ""
    whole: int = 0

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
            **self.shares(),
            "shortened_share": self.shortened / max(self.rows, 1),
            "sample": [{"text": text, "learnt": learnt} for text, learnt in self.sample],
        }

    def shares(self) -> dict[str, float]:
        """Of all rows those that are left out, since they teach nothing, and those whose answer loses its end."""
        return {"left_out_share": self.without / max(self.rows, 1), "cut_share": self.cut / max(self.rows, 1)}

    def problem(self) -> PlanError | None:
        """Why nothing is trained on such rows: too many of them teach nothing, or all."""
        if self.without < self.rows and self.without <= self.most * self.rows:
            return None
        share, mark = f"{self.without / max(self.rows, 1):.1%}", say("learnt.mark", row=self.mark) if self.mark else ""
        return PlanError("learnt.nothing", key="max_length", share=share, mark=mark, reasons=reasons_text(self.refused))

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
    task = task_of(plan.task)()
    if not told_of(plan.task, plan.labels.problem) or task.own is None:
        return None
    if _of_answers(plan.task, plan.labels.problem):
        return _kept(task, plan.params, data, folder)
    from tunebook.models.source import load_tokenizer

    return learnt_of_pairs(plan, task, _looked_at(data), load_tokenizer(folder))


def taught(task: Task, params: Filled, data: DataRef, folder: Path) -> dict[str, float]:
    """Of the training rows `left_out_share`, those that teach nothing, and of a book of conversations `cut_share`,
    those whose answer loses its end.

    Raises:
        ModelError: as `learnt_of`.
    """
    if task.own is None or not _of_answers(task.key, data.labels.problem):
        return {"left_out_share": task.left_out(data.stats, params) / max(data.rows["train"], 1)}
    return _kept(task, params, data, folder).shares()


def remaining(data: DataRef, shares: dict[str, float]) -> DataRef:
    """A book without the training rows that teach nothing; at least one is left."""
    left = max(round(data.rows["train"] * (1 - shares["left_out_share"])), 1)
    return data.model_copy(update={"rows": {**data.rows, "train": left}})


def _of_answers(task: str, problem: str) -> bool:
    """Whether rows are conversations, or answers that are preferred to others."""
    from tunebook.data.kind import column_kind

    kind = column_kind(problem)
    return task in kind.of_chats or (task in kind.tasks and kind.of_preferences)


def _kept(task: Task, params: Filled, data: DataRef, folder: Path) -> Learnt:
    """What is learnt of answers, from the book's cache where it is there."""
    assert task.own is not None
    home, own = data.path.parent, params.more(task.own).model_dump()
    versions = [version_of(name) for name in ("tunebook", "transformers")]
    key = content_id([data.content, kept_model_id(folder, home), task.key, own, params.max_length, MOST, versions])
    found = kept(home, f"learnt-{key}", lambda: asdict(_found(task, params, data, folder)))
    return Learnt(**{**found, "sample": [(text, learnt) for text, learnt in found["sample"]]})


def _looked_at(data: DataRef) -> Rows:
    from tunebook.data.load import load

    rows = load(data, "train")
    return rows.at(np.linspace(0, len(rows) - 1, min(MOST, len(rows))).astype(np.int64).tolist())


def _found(task: Task, params: Filled, data: DataRef, folder: Path) -> Learnt:
    from tunebook.models.source import load_tokenizer
    from tunebook.tasks.instruction.conversations import whole

    assert task.own is not None
    rows, own = _looked_at(data), cast(Any, params.more(task.own))
    tokenizer = with_template(load_tokenizer(folder), own.template)
    if isinstance(task, Learns):
        found = _counted(task.rendered(task.seen(rows, params), tokenizer, params.max_length), tokenizer)
    else:
        how = {"learn": own.learn, "cut": own.cut, "max_length": params.max_length}
        found = seen_of(whole(rows), tokenizer, how)
    return replace(found, most=task.most_unlearnt, mark=mark_row(task, params), whole=data.rows["train"])


def seen_of(chats: Sequence[Chat], tokenizer: Any, how: dict[str, Any]) -> Learnt:
    """The same of conversations; `how` are the arguments of `render`."""
    return _counted([render(chat, tokenizer, **how) for chat in chats], tokenizer)


def told_of(task: str, problem: str) -> bool:
    """Whether it is told what a task learns of rows of a kind."""
    from tunebook.data.kind import column_kind

    writes = task in column_kind(problem).tasks and isinstance(task_of(task)(), Writes)
    return writes or _of_answers(task, problem)


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


__all__ = [
    "MOST", "Learnt", "Parts", "learnt_of", "learnt_of_pairs", "parts_of", "reasons_text", "remaining", "seen_of",
    "taught", "told_of",
]  # fmt: skip
