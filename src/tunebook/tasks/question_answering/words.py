"""What users read of answers: each in their own text, how good they are by kind of question, lines of a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.said import ALWAYS, Said, told
from tunebook.core.answers import Rows
from tunebook.core.extracts import Extract
from tunebook.core.messages import say
from tunebook.core.nouns import Labels, Report
from tunebook.core.sections import Brief, Column, Section, Table
from tunebook.core.settings import Filled
from tunebook.core.task import Task
from tunebook.tasks.question_answering.parts import PARTS, parts_of
from tunebook.tasks.question_answering.rules import by_characters, scored
from tunebook.tasks.question_answering.scores import both

Array = NDArray[Any]
_AROUND = 30  # code points on either side of an answer that a page shows


class AnswerWords(Task):
    """The part of question answering that users read."""

    pipeline: ClassVar[str] = "question-answering"
    auto_model: ClassVar[str] = "AutoModelForQuestionAnswering"
    alone: ClassVar[bool] = False
    windows: ClassVar[bool] = True

    def say(self, answers: Array, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """`answer`, its place in the context (`start`, `end`) and `score`, its chance; `others` are the next best. An
        `answer` of "" says that there is none, and has no place."""
        return told(Said.of(answers), rows.pair_place)

    def true(self, targets: Array, rows: Rows, labels: Labels) -> list[Any]:
        """The acceptable answers of each row, the one that is learnt first; none where there is no answer."""
        found = []
        for row, target in enumerate(targets):
            places = [rows.pair_place(row, *place) for place in Extract.of(target).places]
            found.append([{"answer": text, "start": start, "end": end} for start, end, text in places])
        return found

    def blank(self, labels: Labels) -> dict[str, Any]:
        """No answer."""
        return {"answer": "", "start": None, "end": None, "score": None, "others": []}

    def options(self, labels: Labels) -> frozenset[str]:
        """Both: the next best answers, and no answer below a score."""
        return frozenset({"top_k", "reject_below"})

    def narrow(
        self, answer: dict[str, Any], top_k: int | None, reject_below: float | None
    ) -> tuple[dict[str, Any], bool]:
        """An answer with so many in all, or none where its score is too low."""
        found = answer if top_k is None else {**answer, "others": answer["others"][: top_k - 1]}
        low = reject_below is not None and found["answer"] and found["score"] < reject_below
        return ({**found, "answer": "", "start": None, "end": None}, True) if low else (found, False)

    def shown(self, label: Any) -> str:
        """An answer, or acceptable ones side by side."""
        texts = [label] if isinstance(label, str) else list(dict.fromkeys(one["answer"] for one in label))
        return " | ".join(text for text in texts if text) or say("answering.none")

    def brief(self, answer: Mapping[str, Any], few: int | None = None) -> Brief:
        """The answer, its score and what came next."""
        score = "" if answer["score"] is None else f"{answer['score']:.3f}"
        others = answer["others"][: 1 if few is None else few]
        return Brief(
            self.shown(answer["answer"]), score, ", ".join(f"{one['answer']} {one['score']:.3f}" for one in others)
        )

    def badness(self, record: Mapping[str, Any], labels: Labels) -> float | None:
        """1 less its F1, and the score on top: what was surely said and is wrong comes first."""
        true = [one["answer"] for one in record["true"]]
        context = str(record.get("pair") or " ".join([record["answer"], *true]))
        f1, exact = scored(record["answer"], true, characters=by_characters(context))
        return None if exact else 1.0 - f1 + float(record["score"] or 0)

    def mistakes(self, records: Sequence[Mapping[str, Any]], labels: Labels) -> Table:
        """The question, the true and the given answer, each amid its context."""
        columns = (
            Column(say("report.id"), "soft"),
            Column(say("answering.question"), "text"),
            Column(say("report.true"), "right"),
            Column(say("report.predicted"), "wrong"),
            Column(say("answering.in_context"), "text"),
            Column(say("answering.score"), "number"),
        )
        rows = tuple(
            (
                str(record.get("id", "")),
                str(record.get("text", "")),
                self.shown(record["true"]),
                self.shown(record["answer"]),
                _in_context(record),
                record["score"],
            )
            for record in records
        )
        return Table(say("report.errors_caption", count=len(rows)), columns, rows, whole=True)

    def detail(self, answers: Array, rows: Rows, labels: Labels, groups: Array | None = None) -> dict[str, Any]:
        """F1 and exact match by kind of question, length of the answer and where it stands, and how rows were read."""
        assert rows.targets is not None
        said, scores = Said.of(answers), both(answers, rows.targets)
        found = {name: _table(part, scores) for name, part in parts_of(rows).items()}
        threshold = float(np.nanmax(said.threshold)) if len(answers) else ALWAYS
        read = {"windows": int((said.windows > 1).sum()), "threshold": threshold if threshold > ALWAYS / 2 else None}
        return {"extra": {"answers_by": found, "read": read}}

    def sections(self, report: Report, labels: Labels) -> list[Section]:
        """A table for each of these."""
        found: list[Section] = []
        for name in PARTS:
            lines = report.extra.get("answers_by", {}).get(name) or []
            columns = (
                Column(say(f"answering.by.{name}"), "name"),
                *(Column(say(code), "number") for code in ("report.data.row_count", "metric.f1", "metric.exact_match")),
            )
            rows = tuple(
                (say(f"answering.{name}.{item['part']}"), item["rows"], item["f1"], item["exact_match"])
                for item in lines
            )
            if rows:
                found.append(Table(say(f"answering.caption.{name}"), columns, rows))
        return found

    def snippet(self, labels: Labels, params: Filled, *, pairs: bool) -> list[str]:
        """Lines that find the best place for one question in a context of one window."""
        return [
            "import torch",
            "",
            'question, context = "...", "..."',
            'how = {"truncation": "only_second", "return_offsets_mapping": True, "return_tensors": "pt"}',
            "read = tokenizer(question, context, **how)",
            "places = read.pop('offset_mapping')[0]",
            "inside = torch.tensor([part == 1 for part in read.sequence_ids(0)])",
            "with torch.no_grad():",
            "    found = model(**read)",
            "sums = found.start_logits[0, :, None] + found.end_logits[0, None, :]",
            f"near = torch.ones_like(sums).triu().tril({max(_longest(params) - 1, 0)}).bool()",
            "sums = sums.masked_fill(~(near & inside[:, None] & inside[None, :]), -1e9)",
            "start, end = divmod(int(sums.argmax()), len(sums))",
            "print(context[places[start, 0]:places[end, 1]], float(sums[start, end]))",
        ]

    def card_notes(self, labels: Labels) -> list[str]:
        """How a long context is read, and what says that there is no answer."""
        return [say("answering.card_windows"), *([say("answering.card_none")] if labels.low == 0 else [])]


def _longest(params: Filled) -> int:
    from tunebook.tasks.question_answering.rows import AnswerRows

    return params.more(AnswerRows).max_answer


def _table(part: Sequence[str | None], scores: Array) -> list[dict[str, Any]]:
    """Rows, F1 and exact match of each part that has rows, in the order in which they are named."""
    names = np.array([name or "" for name in part])
    found = []
    for name in dict.fromkeys(sorted(set(names.tolist()) - {""})):
        mine = scores[names == name]
        f1, exact = mine.mean(axis=0).tolist()
        found.append({"part": name, "rows": len(mine), "f1": f1, "exact_match": exact})
    return found


def _in_context(record: Mapping[str, Any]) -> str:
    """The given answer amid what stands around it, in square brackets, and the true one where it stands elsewhere."""
    context = str(record.get("pair") or "")
    shown = []
    places = [(record["start"], record["end"])] + [(one["start"], one["end"]) for one in record["true"][:1]]
    for start, end in dict.fromkeys(place for place in places if place[0] is not None):
        before = context[max(start - _AROUND, 0) : start]
        shown.append(f"…{before}[{context[start:end]}]{context[end : end + _AROUND]}…")
    return " / ".join(shown)


__all__ = ["AnswerWords"]
