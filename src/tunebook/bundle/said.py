"""What a model answers to questions, as a matrix: one line a row, the candidates of each, the best first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import stacked
from tunebook.core.extracts import Place

Array = NDArray[Any]
_COUNT, _MARGIN, _THRESHOLD, _WINDOWS, _FIRST = range(5)
_FIELDS = 3  # of a candidate: start, end, score
KEPT = 5  # candidates of a row
ALWAYS = -1e9  # threshold of a model that is to answer every question


@dataclass(frozen=True)
class Said:
    """Answers to N rows.

    Attributes:
        margin: by how much the best candidate scores more than that there is no answer, shape (N,); NaN for a row that
            was not answered.
        threshold: margin from which on there is an answer, shape (N,); `ALWAYS` where there always is.
        windows: in how many windows each context was read, shape (N,).
        candidates: of each row places and scores, (K, 3) each, the best first; scores are sums of two logits.
    """

    margin: Array
    threshold: Array
    windows: Array
    candidates: Sequence[Array]

    @classmethod
    def of(cls, answers: Array) -> Said:
        """From a matrix of `matrix`, which may be wider."""
        counts = np.nan_to_num(answers[:, _COUNT]).astype(np.int64)
        blocks = [line[_FIRST : _FIRST + _FIELDS * count] for line, count in zip(answers, counts, strict=True)]
        found = [block.reshape(-1, _FIELDS) for block in blocks]
        return cls(answers[:, _MARGIN], answers[:, _THRESHOLD], answers[:, _WINDOWS], found)

    def matrix(self) -> NDArray[np.float32]:
        """Shape (N, 4 + 3 K): how many candidates, margin, threshold, windows, then start, end and score of each."""
        width = max(map(len, self.candidates), default=0)
        whole = np.zeros((len(self.candidates), _FIRST + _FIELDS * width), dtype=np.float32)
        for line, found in zip(whole, self.candidates, strict=True):
            line[_COUNT] = len(found)
            line[_FIRST : _FIRST + found.size] = found.ravel()
        whole[:, _MARGIN], whole[:, _THRESHOLD], whole[:, _WINDOWS] = self.margin, self.threshold, self.windows
        return whole

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Whether there is an answer, shape (N,)."""
        some = np.array([len(found) > 0 for found in self.candidates], dtype=bool)
        return some & (self.margin > self.threshold)

    def places(self) -> list[Place | None]:
        """The place of each row's answer, None where it says that there is none, or says nothing."""
        return [
            (int(found[0, 0]), int(found[0, 1])) if there else None
            for found, there in zip(self.candidates, self.answered, strict=True)
        ]

    def chances(self, row: int) -> tuple[Array, float]:
        """Chance of each candidate of a row, and that there is no answer: the softmax of their scores; the latter has
        that of the best candidate where its margin is the threshold."""
        scores = self.candidates[row][:, 2].astype(np.float64)
        if not len(scores):
            return scores, 1.0
        none = scores[0] - float(self.margin[row]) + float(self.threshold[row])
        whole = np.append(scores, none) if self.threshold[row] > ALWAYS / 2 else np.append(scores, -np.inf)
        shares = np.exp(whole - whole.max())
        shares /= shares.sum()
        return shares[:-1], float(shares[-1])


def told(said: Said, place: Callable[[int, int, int], tuple[int, int, str]]) -> list[dict[str, Any]]:
    """Of each row its `answer`, where it stands (`start`, `end`) and its `score`, a chance; `others` are the next best.
    An `answer` of "" says that there is none, and has no place.

    Args:
        place: from a row's number and a part of its clean context to the part of the context as the user gave it.
    """
    found = []
    for row, there in enumerate(said.answered):
        chances, none = said.chances(row)
        listed = []
        for (start, end, _), chance in zip(said.candidates[row].tolist(), chances.tolist(), strict=True):
            first, last, text = place(row, int(start), int(end))
            listed.append({"answer": text, "start": first, "end": last, "score": chance})
        if there:
            found.append({**listed[0], "others": listed[1:]})
            continue
        score = none if np.isfinite(said.margin[row]) else None
        found.append({"answer": "", "start": None, "end": None, "score": score, "others": listed})
    return found


def mean(answers: Sequence[NDArray[np.float32]], most: int) -> NDArray[np.float32]:
    """Answers (N, k) of several models as those of one: the places of the highest mean chance, and whether there is an
    answer by the mean of how far each is above its threshold. Models without an answer (NaN) have no vote."""
    every = [Said.of(part) for part in stacked(answers)]
    rows = len(answers[0])
    margin, threshold, candidates = np.full(rows, np.nan), np.full(rows, ALWAYS), []
    for row in range(rows):
        voting = [said for said in every if np.isfinite(said.margin[row])]
        chances: dict[Place, float] = {}
        for said in voting:
            for (start, end, _), chance in zip(said.candidates[row], said.chances(row)[0], strict=True):
                place = int(start), int(end)
                chances[place] = chances.get(place, 0.0) + float(chance) / len(voting)
        best = sorted(chances.items(), key=lambda item: -item[1])[:most]
        candidates.append(
            np.array([(*place, np.log(max(chance, 1e-30))) for place, chance in best]).reshape(-1, _FIELDS)
        )
        if voting:
            sure = all(said.threshold[row] <= ALWAYS / 2 for said in voting)
            above = [said.margin[row] - (0.0 if sure else said.threshold[row]) for said in voting]
            margin[row], threshold[row] = float(np.mean(above)), ALWAYS if sure else 0.0
    windows = np.max([np.nan_to_num(said.windows) for said in every], axis=0)
    return Said(margin, threshold, windows, candidates).matrix()


__all__ = ["ALWAYS", "KEPT", "Said", "mean", "told"]
