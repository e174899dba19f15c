"""Bases: which base model suits a book's rows, before anything is fine-tuned.

Every candidate is frozen; a linear model on what it makes of the training rows answers the validation rows, or, where
the task compares vectors or orders passages, the candidate answers these as it is. The test rows are not touched.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.call_check import Allow
from tunebook.core.errors import DataError, ModelError, PlanError, TunebookError
from tunebook.core.hooks import BaselineInput
from tunebook.core.locations import from_book
from tunebook.core.nouns import DataRef, Estimate, Interval, Plan
from tunebook.core.passage_sample import with_fewer
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Rows, Searches
from tunebook.models.files import weight_files
from tunebook.models.source import BUILTIN, TERMS, find_model, load_tokenizer, read_config
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.model_facts import read_tokens

_TRAIN, _SCORED = 2_000, 2_000  # rows at most: enough to tell models apart that differ by a few points
_PASSAGES = 2_000  # beside those that are judged for the rows that are scored
_HEAD = re.compile(r"---\s*\n(.*?)\n---\s*(\n|$)", re.DOTALL)  # of a model card


@dataclass(frozen=True)
class Candidate:
    """What a frozen base model is worth on the rows.

    Attributes:
        score: of the linear model on it, with its 95 % interval.
        tokens_per_character: of the training texts; unknown_share: of their characters.
        bytes: of its weights; rows_per_second: that were read, on this machine.
        licence: as its model card names it; empty where it does not.
        error: why there are no figures.
        probe: the baseline of the task that judged it.
    """

    model: str
    score: Interval | None = None
    tokens_per_character: float | None = None
    unknown_share: float | None = None
    bytes: int | None = None
    rows_per_second: float | None = None
    licence: str = ""
    error: TunebookError | None = None
    probe: str = ""


@dataclass(frozen=True)
class Bases:
    """The candidates, the best first and those without figures last.

    Attributes:
        metric: that they are judged by; rows: training rows, and rows that were scored.
        current: the base model of the table in force.
        passages: that each query was answered with, 0 without any.
    """

    metric: str
    rows: tuple[int, int]
    current: str
    candidates: tuple[Candidate, ...]
    passages: int = 0

    @property
    def probes(self) -> tuple[str, ...]:
        """The baselines that judged any of them."""
        return tuple(dict.fromkeys(item.probe for item in self.candidates if item.probe))

    @property
    def best(self) -> Candidate | None:
        """The candidate with the highest score; None where none has figures."""
        return self.candidates[0] if self.candidates and self.candidates[0].score else None

    @property
    def equals(self) -> tuple[Candidate, ...]:
        """Those whose intervals reach the best score: it is ahead of them by no more than chance may give."""
        best = self.best
        if best is None or best.score is None:
            return ()
        return tuple(
            item for item in self.candidates[1:] if item.score is not None and item.score.high >= best.score.value
        )


def bases(
    book: Book, models: Sequence[str] | None = None, *, allow: Allow = frozenset(), progress: Progress | None = None
) -> Bases:
    """Compare base models on a book's own rows. A candidate that cannot be had does not lose the others.

    Args:
        models: base models as `init` takes them; None takes the built-in ones and that of the table in force.
        allow: `pickle`: weights that are only there as pickle.

    Raises:
        PlanError: `bases.task`, nothing of the task can be told before training.
        DataError: `data.no_split`, there are no validation rows.
    """
    from tunebook.data.load import load

    data, current = book.data, str(book.champion.rows["base_model"].value)
    if not task_of(data.task).probes:
        raise PlanError("bases.task", key="task", value=data.task)
    names = list(dict.fromkeys(models or [current, *(name for name in BUILTIN if name not in TERMS)]))
    if not data.rows.get("validation"):
        raise DataError(
            "data.no_split", key="validation", value=0, allowed=" | ".join(k for k, n in data.rows.items() if n)
        )
    scored = with_fewer(_sample(load(data, "validation"), _SCORED), _PASSAGES)
    rows = (_sample(load(data, "train"), _TRAIN), scored)
    if progress:
        progress.start("bases", len(names))
    found = []
    for name in names:
        found.append(_tried(name, book, rows, allow))
        if progress:
            progress.advance()
    if progress:
        progress.finish()
    found.sort(key=lambda item: -math.inf if item.score is None else item.score.value, reverse=True)
    task = task_of(data.task)()
    counts = (len(rows[0]), len(rows[1]))
    metric, passages = task.headline(data.labels), len(scored.passages or ()) if isinstance(task, Searches) else 0
    return Bases(metric, counts, current, tuple(found), passages)


def _sample(rows: Rows, most: int) -> Rows:
    if len(rows) <= most:
        return rows
    return rows.at(np.sort(np.random.default_rng(0).choice(len(rows), most, replace=False)).tolist())


def _tried(name: str, book: Book, rows: tuple[Rows, Rows], allow: Allow) -> Candidate:
    try:
        place = from_book(name, book.path)
        return replace(_measured(place, find_model(place, allow_pickle="pickle" in allow), book.data, rows), model=name)
    except PlanError:
        raise
    except TunebookError as error:
        return Candidate(name, error=error)


def _measured(name: str, folder: Path, data: DataRef, rows: tuple[Rows, Rows]) -> Candidate:
    read = read_tokens(data, folder, allow_unknown=True)
    length = min(8 * math.ceil(read["p99"] / 8), read["positions"])
    encoder = _Encoder(folder, data, length)
    task, (train, scored) = task_of(data.task)(), rows
    given = BaselineInput(
        _plan(name, data, length), data, "validation", {"train": train, "validation": scored}, encoder
    )
    begun = time.perf_counter()
    made = task.baselines(given)
    probe = next((one for one in task.probes if one in made), None)
    if probe is None:
        raise ModelError("bases.unread", key="base_model", value=name)
    answers = np.asarray(made[probe](), dtype=np.float32)
    read_rows, seconds = encoder.rows, encoder.seconds
    if not read_rows:  # the candidate itself has answered
        read_rows = _texts(scored) if isinstance(task, Searches) else len(task.counted(scored, load_tokenizer(folder)))
        seconds = time.perf_counter() - begun
    assert scored.targets is not None
    metric = task.headline(data.labels)
    value = task.scores(answers, scored.targets, data.labels)[metric]
    interval = task.intervals(answers, scored.targets, data.labels).get(metric)
    return Candidate(
        name,
        interval or Interval(value=value, low=value, high=value),
        tokens_per_character=read["tokens_per_char"],
        unknown_share=read["unknown_share"],
        bytes=sum((folder / file).stat().st_size for file in weight_files(folder, read_config(folder))),
        rows_per_second=round(read_rows / seconds, 1),
        licence=licence(folder),
        probe=probe,
    )


def _texts(rows: Rows) -> int:
    """How many texts a model reads that makes a vector of each."""
    return len(rows) + len(rows.pairs or ()) + len(rows.passages or ())


class _Encoder:
    """Features of texts by a frozen model, which is loaded when it is first asked; those of the same list are computed
    once, and the time is taken."""

    def __init__(self, folder: Path, data: DataRef, length: int) -> None:
        self.how = folder, data, length
        self.encode: Callable[[Sequence[str]], NDArray[np.float32]] | None = None
        self.known: dict[int, tuple[Sequence[str], NDArray[np.float32]]] = {}
        self.rows, self.seconds = 0, 1e-9

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.encode is None:
            from tunebook.engine.infer import encoder

            folder, data, length = self.how
            self.encode = encoder(folder, task_of(data.task)(), load_tokenizer(folder), length)
        if id(texts) not in self.known:
            begun = time.perf_counter()
            self.known[id(texts)] = (texts, self.encode(texts))  # held, so that the id stays its own
            self.seconds += time.perf_counter() - begun
            self.rows += len(texts)
        return self.known[id(texts)][1]


def _plan(name: str, data: DataRef, length: int) -> Plan:
    """As much of a plan as a baseline looks at."""
    nothing = Estimate(seconds=0, memory_bytes=0, steps=0, parameters=0, trained=0)
    parts: dict[str, Any] = {
        "params": {"max_length": length, "warmup_steps": 0},
        "techniques": {},
        "versions": {},
        "table": "",
        "table_version": 0,
        "seed": 0,
    }
    place = {"data": data.content, "data_path": data.path}
    return Plan(task=data.task, model=name, model_id="", labels=data.labels, estimate=nothing, **parts, **place)


def licence(folder: Path) -> str:
    """The licence that a folder's model card names; empty without one."""
    import yaml

    try:
        head = _HEAD.match((folder / "README.md").read_text(encoding="utf-8", errors="replace"))
        said = yaml.safe_load(head[1]) if head else None
    except (OSError, yaml.YAMLError):
        return ""
    return str(said.get("license") or "") if isinstance(said, dict) else ""


__all__ = ["Bases", "Candidate", "bases", "licence"]
