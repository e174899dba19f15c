"""What users read of passages in order: the best ones with their scores, the worst queries, where the first right one
stands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows, stacked
from tunebook.core.hits import Hits
from tunebook.core.judged import Judged
from tunebook.core.messages import say
from tunebook.core.nouns import Labels, Report
from tunebook.core.sections import Brief, Column, Section, Table
from tunebook.core.task import Task
from tunebook.tasks.ranking.scores import TOP, hits

Array = NDArray[Any]
_TEXT = 240  # characters of a passage that a page shows
_RANKS = (1, 3, 10)  # the last ranks of the groups of queries that a page tells of


class RankingWords(Task):
    """The part of a task that puts passages in order which users read, and what is made of several models' answers."""

    def say(self, answers: Array, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """The ten best `passages` of each query, each with `id`, `text` and `score`."""
        return [{"passages": found} for found in _told(Judged.of(answers), rows, "score")]

    def true(self, targets: Array, rows: Rows, labels: Labels) -> list[Any]:
        """The relevant passages of each query, the most relevant first, each with `id`, `text` and `gain`."""
        judged = Judged.of(targets)
        relevant = judged.at(judged.value > 0)
        return _told(relevant.best(int(relevant.counts.max(initial=0))), rows, "gain", most=None)

    def blank(self, labels: Labels) -> dict[str, Any]:
        """No passages."""
        return {"passages": []}

    def options(self, labels: Labels) -> frozenset[str]:
        """Fewer passages, and those with a score."""
        return frozenset({"top_k", "reject_below"})

    def narrow(
        self, answer: dict[str, Any], top_k: int | None, reject_below: float | None
    ) -> tuple[dict[str, Any], bool]:
        """An answer with its best passages, without those whose score is too low."""
        best = answer["passages"][:top_k]
        kept = [one for one in best if reject_below is None or one["score"] >= reject_below]
        return {**answer, "passages": kept}, len(kept) < len(best)

    def shown(self, label: Any) -> str:
        """The first passage, and how many follow."""
        if not label:
            return say("ranking.nothing")
        more = f" (+{len(label) - 1})" if len(label) > 1 else ""
        return _cut(label[0]["text"]) + more

    def brief(self, answer: Mapping[str, Any], few: int | None = None) -> Brief:
        """The best passage and its score."""
        passages = answer["passages"]
        return Brief(self.shown(passages), f"{passages[0]['score']:.3f}" if passages else "")

    def in_full(self, answer: Mapping[str, Any]) -> str:
        """The passages in their order, a line each."""
        lines = [f"{place}. {one['text']}" for place, one in enumerate(answer["passages"], start=1)]
        return "\n".join(lines) or say("ranking.nothing")

    def badness(self, record: Mapping[str, Any], labels: Labels) -> float | None:
        """1 less NDCG; None where it cannot be better."""
        gains = {one["id"]: one["gain"] for one in record["true"]}
        best = _dcg(sorted(gains.values(), reverse=True))
        lost = best - _dcg(gains.get(one["id"], 0.0) for one in record["passages"])
        return lost / best if lost > 1e-9 * best else None

    def score_heading(self, labels: Labels) -> str:
        """The score of the first passage."""
        return say("cli.score")

    def mistakes(self, records: Sequence[Mapping[str, Any]], labels: Labels) -> Table:
        """Of each query the passage that should be first and the one that is."""
        columns = (
            Column(say("report.id"), "soft"),
            Column(say("ranking.query"), "text"),
            Column(say("ranking.should"), "right"),
            Column(say("ranking.first"), "wrong"),
            Column(self.score_heading(labels), "number"),
        )
        rows = tuple(
            (
                str(record.get("id", "")),
                str(record.get("text", "")),
                self.shown(record["true"]),
                self.shown(record["passages"][:1]),
                record["passages"][0]["score"] if record["passages"] else None,
            )
            for record in records
        )
        return Table(say("ranking.worst", count=len(rows)), columns, rows, whole=True)

    def detail(self, answers: Array, rows: Rows, labels: Labels, groups: Array | None = None) -> dict[str, Any]:
        """How many queries have their first relevant passage at which rank, and scores of passages by their gain."""
        assert rows.targets is not None
        true, said = Judged.of(rows.targets), Judged.of(answers)
        gains = said.values_in(true)
        hit = np.nan_to_num(gains) > 0
        first = np.full(said.rows, np.inf)
        np.minimum.at(first, said.row[hit], said.places[hit] + 1.0)
        edges = (0, *_RANKS, np.finfo(np.float64).max)
        counts = [int(((first > low) & (first <= high)).sum()) for low, high in pairwise(edges)]
        sides = {"relevant": said.value[hit], "others": said.value[~hit]}
        spread = {name: np.quantile(side, (0.05, 0.5, 0.95)).tolist() for name, side in sides.items() if len(side)}
        return {"extra": {"first_ranks": [*counts, int((first == math.inf).sum())], "scores": spread}}

    def sections(self, report: Report, labels: Labels) -> list[Section]:
        """Ranks of the first relevant passage, and scores of relevant passages and of others."""
        found: list[Section] = []
        if counts := report.extra.get("first_ranks"):
            names = [
                f"{low + 1} – {high}" if low + 1 < high else str(high)
                for low, high in zip((0, *_RANKS), _RANKS, strict=False)
            ]
            names += [f"> {_RANKS[-1]}", say("ranking.none")]
            columns = (
                Column(say("ranking.rank"), "name"),
                Column(say("ranking.queries"), "number"),
                Column(say("ranking.share"), "share"),
            )
            rows = tuple((name, count, count / max(sum(counts), 1)) for name, count in zip(names, counts, strict=True))
            found.append(Table(say("ranking.ranks"), columns, rows, on_card=True))
        if spread := report.extra.get("scores"):
            parts = [Column(say(f"ranking.{name}"), "number") for name in ("low", "median", "high")]
            sides = tuple((say(f"ranking.{name}"), *values) for name, values in spread.items())
            found.append(Table(say("ranking.scores"), (Column(say("ranking.passages"), "name"), *parts), sides))
        return found

    def mean(self, answers: Sequence[NDArray[np.float32]], labels: Labels) -> NDArray[np.float32]:
        """The passages of several models by their mean score; one that a model does not give has its lowest there.

        Models without an answer (NaN) have no vote.
        """
        whole = stacked(answers)
        models, rows = whole.shape[:2]
        found = Judged.of(whole.reshape(models * rows, -1))
        keys, which = np.unique(np.stack([found.row % rows, found.passage], axis=1), axis=0, return_inverse=True)
        told = np.full((models, len(keys)), np.nan)
        told[found.row // rows, which.reshape(-1)] = found.value
        least = np.full((models, rows), np.inf)
        np.minimum.at(least, (found.row // rows, found.row % rows), found.value)
        told = np.where(np.isnan(told), least[:, keys[:, 0]], told)
        there = np.isfinite(told)
        score = np.where(there, told, 0).sum(0) / there.sum(0)
        widest = (whole.shape[2] - 1) // 2
        mean: NDArray[np.float32] = Judged(keys[:, 0], keys[:, 1], score, rows).best(widest).matrix(np.float32)
        return mean

    def matches_from(self, labels: Labels) -> float | None:
        """Any gain will do."""
        return None

    def hits(self, answers: NDArray[np.float32], targets: Array, labels: Labels, least: float | None) -> Hits:
        """All passages that are answered."""
        return hits(answers, targets, least)

    def decided(self, answers: NDArray[np.float32], labels: Labels) -> Array:
        """The passages in their order, without their scores."""
        found = Judged.of(answers)
        return Judged(found.row, found.passage, np.zeros(len(found.row)), found.rows).matrix(np.int64)


def _told(found: Judged, rows: Rows, value: str, most: int | None = TOP) -> list[list[dict[str, Any]]]:
    """The first passages of each query with their names and texts."""
    assert rows.passages is not None and rows.passage_ids is not None
    told: list[list[dict[str, Any]]] = [[] for _ in range(found.rows)]
    for row, passage, number in zip(found.row.tolist(), found.passage.tolist(), found.value.tolist(), strict=True):
        if most is None or len(told[row]) < most:
            told[row].append({"id": rows.passage_ids[passage], "text": rows.passages[passage], value: number})
    return told


def _dcg(gains: Iterable[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains) if place < TOP)


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _TEXT else plain[: _TEXT - 1] + "…"


__all__ = ["RankingWords"]
