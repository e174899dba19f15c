"""What users read of answers that a model writes: the texts, how they ended, and those farthest from the true ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.chat import shown
from tunebook.core.messages import say
from tunebook.core.nouns import Labels, Report
from tunebook.core.params import Value
from tunebook.core.sections import Annotated, Brief, Cell, Column, Section, Table
from tunebook.core.task import Task
from tunebook.core.written import FIGURES, Written
from tunebook.tasks.writing.likelihood import losses
from tunebook.tasks.writing.source import from_source

Array = NDArray[Any]
_SHOWN, _EXAMPLES = 400, 5  # characters of a text on a page, and rows that it shows whatever their scores
_LINE = 120  # characters of an answer on one line of a screen


class WrittenWords(Task):
    """The part of a task with written answers that users read, and what is made of the answers of several models."""

    def say(self, answers: Array, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """Each row's `answer`, the `prompt` that it answers, its `tokens`, and whether it `stopped` by itself."""
        self.metrics(labels)  # refuses labels of any other kind
        said = Written.of(answers)
        asked = np.isfinite(said.made)
        return [
            {
                "answer": text if there else None,
                "prompt": prompt,
                "tokens": int(count) if there else 0,
                "stopped": bool(stopped) if there else None,
            }
            for text, prompt, count, stopped, there in zip(
                said.texts, _asked(rows), said.made, said.stopped, asked, strict=True
            )
        ]

    def true(self, targets: Array, rows: Rows, labels: Labels) -> list[Any]:
        """The texts."""
        return [str(target) for target in targets]

    def blank(self, labels: Labels) -> dict[str, Any]:
        """No answer."""
        return {"answer": None, "prompt": "", "tokens": 0, "stopped": None}

    def shown(self, label: Any) -> str:
        """As much of a text as a page has room for."""
        text = "–" if label is None else str(label) or "∅"
        return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"

    def brief(self, answer: Mapping[str, Any], few: int | None = None) -> Brief:
        """Its beginning, and how many tokens it has."""
        text = " ".join(self.shown(answer["answer"]).split()) or "∅"
        return Brief(text if len(text) <= _LINE else text[: _LINE - 1] + "…")

    def in_full(self, answer: Mapping[str, Any]) -> str:
        """The whole text."""
        return str(answer["answer"] or "") or "∅"

    def badness(self, record: Mapping[str, Any], labels: Labels) -> float | None:
        """How little of its pairs of characters an answer shares with the true one, from 0 to 1."""
        true, said = str(record["true"]).strip(), str(record["answer"] or "").strip()
        return None if true == said else 1.0 - _shared(true, said)

    def mistakes(self, records: Sequence[Mapping[str, Any]], labels: Labels) -> Table:
        """Answers in the order given, told as what they are: another answer need not be a wrong one."""
        found = super().mistakes([{**record, "text": self.shown(record["text"])} for record in records], labels)
        return replace(found, caption=say("written.farthest", count=len(records)))

    def detail(
        self, logits: NDArray[np.float32], rows: Rows, labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Any]:
        """How long answers are and how they end, and a few of them."""
        assert rows.targets is not None
        said, true = Written.of(logits), self.true(rows.targets, rows, labels)
        figures = {
            "characters": _mean([len(text) for text in said.texts]),
            "true_characters": _mean([len(text) for text in true]),
            "stopped": _mean(said.stopped[np.isfinite(said.stopped)]),
            "empty": _mean([not text.strip() for text in said.texts]),
        }
        chosen = np.unique(np.linspace(0, len(rows) - 1, min(_EXAMPLES, len(rows))).astype(int)).tolist()
        asked = _asked(rows)
        examples = [[self.shown(text) for text in (asked[row], true[row], said.texts[row])] for row in chosen]
        told = {} if np.isnan(said.made).all() else _from_source(said.texts, rows.texts, groups)
        return {"extra": {"written": figures, "examples": examples, **told}}

    def sections(self, report: Report, labels: Labels) -> list[Section]:
        """The same as tables."""
        figures, examples = report.extra.get("written", {}), report.extra.get("examples", [])
        about = Table(
            say("written.about"),
            (Column(say("written.figure"), "name"), Column(say("written.value"), "number")),
            tuple((say(f"written.{name}"), value) for name, value in _cells(report.extra)),
        )
        asked, true = Column(say("written.prompt"), "text"), Column(say("report.true"), "right")
        columns = (asked, true, Column(say("report.predicted")))
        shown = Table(say("written.examples"), columns, tuple(map(tuple, examples)), whole=True)
        return [about, shown] if figures else []

    def needs_texts(self, labels: Labels, metric: str) -> bool:
        """All but those of the losses."""
        return self.metric(labels, metric).rows is not losses

    def idle(self, labels: Labels) -> Mapping[str, Value]:
        """What is about classes."""
        return {"label_smoothing": 0, "class_weights": "none"}

    def silent(self, known: Any, characters: Any) -> Any:
        """What is read of true answers (rows, 3), and the characters that were read of each (rows,), as a tensor of
        answers that say nothing, shape (rows, FIGURES + 1)."""
        from torch import cat
        from torch.nn.functional import pad

        known = cat([known, characters.to(known)[:, None]], dim=1)
        return pad(pad(known, (0, FIGURES - known.shape[1]), value=float("nan")), (0, 1))

    def decided(self, answers: NDArray[np.float32], labels: Labels) -> Array:
        """The characters of the answers; where none was asked for, what is read of the true ones."""
        if np.isnan(Written.of(answers).made).all():
            return answers[:, :3]
        return answers[:, FIGURES + 1 :] if answers.shape[1] > FIGURES + 1 else answers[:, FIGURES : FIGURES + 1]

    def mean(self, answers: Sequence[NDArray[np.float32]], labels: Labels) -> NDArray[np.float32]:
        """Of each row the text that is most like those of the other models (the first of equals), and the figures of
        the mean probability of its true answer.

        Source: Kumar and Byrne 2004, Minimum Bayes-Risk Decoding (aclanthology.org/N04-1022).
        """
        every = [Written.of(one) for one in answers]
        best = [_nearest([one.texts[row] for one in every]) for row in range(len(answers[0]))]
        rows = np.arange(len(best))
        figures = np.stack([one.figures for one in every])[best, rows]
        losses = np.stack([one.losses for one in every]).astype(np.float64)
        figures[:, 0] = np.log(len(every)) - np.logaddexp.reduce(-losses, axis=0)
        figures[:, 2] = np.stack([one.right for one in every]).mean(axis=0)
        return Written([every[one].texts[row] for row, one in enumerate(best)], figures).matrix()


def _asked(rows: Rows) -> Sequence[str]:
    """What a model was shown of each row: of a conversation its words as they were given, for these are not cleaned."""
    return rows.texts if rows.chats is None else [shown(chat.asked.turns) for chat in rows.chats]


def _from_source(texts: Sequence[str], sources: Sequence[str], groups: Array | None) -> dict[str, Any]:
    """What share of the numbers, names and quotations that were written stands in the source, with its interval;
    nothing where there are none."""
    from tunebook.stats.intervals import of_share

    sums = from_source(texts, sources)
    found = of_share(sums, groups)
    if found is None:
        return {}
    return {"from_source": {**found.model_dump(), "count": int(sums[:, 1].sum()), "found": int(sums[:, 0].sum())}}


def _cells(extra: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    """Name and cell of each figure of the page."""
    yield from ((name, float(value)) for name, value in extra.get("written", {}).items())
    if share := extra.get("from_source"):
        yield "from_source", Annotated(share["value"], (share["low"], share["high"]))


def _nearest(texts: Sequence[str]) -> int:
    """Place of the text that shares most with the others."""
    if len(set(texts)) == 1:
        return 0
    return int(np.argmax([sum(_shared(one, other) for other in texts) for one in texts]))


def _shared(one: str, other: str) -> float:
    """F1 of the pairs of neighbouring characters of two texts; of single characters, of texts that have no pair."""
    first, second = _pairs(one), _pairs(other)
    total = first.total() + second.total()
    return 2.0 * (first & second).total() / total if total else float(one == other)


def _pairs(text: str) -> Counter[str]:
    whole = f"\n{text}\n"
    return Counter(whole[place : place + 2] for place in range(len(whole) - 1))


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else 0.0


__all__ = ["WrittenWords"]
