"""The graph of a run's model, made smaller and quicker on the way: which means, in which order.

First the network itself: a smaller vocabulary, fewer heads and columns, training on; then the graph, in onnxruntime's
own operators where it has them; then its numbers in 8 or 16 bits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import model_validator

from tunebook.core.errors import DataError, PlanError
from tunebook.core.files import text_lines
from tunebook.core.nouns import Record
from tunebook.export import prune, quantise, vocabulary
from tunebook.export.operators import Array

if TYPE_CHECKING:
    from tunebook.core.answers import Rows
    from tunebook.core.encoded import Encoded
    from tunebook.export.source import Source

CALIBRATION, IMPORTANCE, RECOVERY = 256, 512, 4096  # training rows, at most
_BATCH = 16
_DIGITS = 8  # of the hash of a corpus, in the name of a folder
_STEPS = 100_000  # of recovery, at most
TASKS = ("text_classification",)


class How(Record):
    """What is done to a model; nothing by default. What comes to the same is equal.

    Attributes:
        int8: with scales from training rows (`static`), or from each batch (`dynamic`); half: weights in 16 bits.
        prune: share of the heads and columns that are taken out; recover: steps of training after that.
        vocabulary: keep the tokens of the training rows and single characters alone; corpus: a file of further texts, a
            line each, whose tokens are kept too.
        fused: write the graph in onnxruntime's own operators, where it has them.
    """

    int8: Literal["", "static", "dynamic"] = ""
    half: Literal["", "fp16", "bf16"] = ""
    prune: float = 0.0
    recover: int = 0
    vocabulary: bool = False
    corpus: str = ""
    fused: bool = False

    @property
    def nothing(self) -> bool:
        """Whether the model stays as it is."""
        return self == How()

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, given: dict[str, Any]) -> dict[str, Any]:
        """A corpus is one of a vocabulary; what is pruned or in int8 is fused anyway."""
        found = {**given, "vocabulary": True} if given.get("corpus") else given
        return {**found, "fused": False} if given.get("int8") or given.get("prune") else found

    @property
    def name(self) -> str:
        """Of a folder: another one for each that is done in another way, with another corpus too.

        Raises:
            DataError: as `corpus_of`.
        """
        parts = [
            "fused" if self.fused else "",
            "vocabulary" if self.vocabulary else "",
            f"corpus-{corpus_of(self.corpus).hash[:_DIGITS]}" if self.corpus else "",
            f"prune-{self.prune!r}" if self.prune else "",
            f"recover-{self.recover}" if self.recover else "",
            {"static": "int8", "dynamic": "int8-dynamic"}.get(self.int8, ""),
            self.half,
        ]
        return "-".join(filter(None, parts)) or "onnx"

    def options(self) -> dict[str, Any]:
        """All of it, with the hash of the corpus in the place of its name, which another file may have tomorrow.

        Raises:
            DataError: as `corpus_of`.
        """
        return {**self.model_dump(mode="json"), "corpus": corpus_of(self.corpus).hash if self.corpus else ""}

    def check(self, task: str, run: str) -> None:
        """Refuse what cannot be done to the model of a run.

        Raises:
            PlanError: `shrink.task`: only classifiers of texts are made smaller so far; `shrink.both`: 8 and 16 bits
                at once; `shrink.recover`: training on without pruning; `shrink.steps`; `shrink.share`.
            DataError: as `corpus_of`.
        """
        if self.nothing:
            return
        if task not in TASKS:
            raise PlanError("shrink.task", key=run, value=task, allowed=" | ".join(TASKS))
        if self.int8 and self.half:
            raise PlanError("shrink.both", key="int8", value=self.half, allowed="int8 | fp16 | bf16")
        if not 0 <= self.recover <= _STEPS:
            raise PlanError("shrink.steps", key="--recover", value=self.recover, allowed=f"0 .. {_STEPS}")
        if self.recover and not self.prune:
            raise PlanError("shrink.recover", key="recover", value=self.recover)
        prune.check_share(self.prune)
        if self.corpus:
            corpus_of(self.corpus)


@dataclass(frozen=True)
class Corpus:
    """Further texts, a line each, and the hash of their file."""

    hash: str
    texts: list[str]


def corpus_of(path: str) -> Corpus:
    """That of a text file.

    Raises:
        DataError: `shrink.corpus`: there is no such file; `shrink.corpus_text`: it is no text in UTF-8.
    """
    if not Path(path).is_file():
        raise DataError("shrink.corpus", key="corpus", value=path)
    try:
        data = Path(path).read_bytes()
        texts = text_lines(data.decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("shrink.corpus_text", key="corpus", value=path, reason=str(error)) from error
    return Corpus(hashlib.sha256(data).hexdigest(), texts)


@dataclass(frozen=True)
class Smaller:
    """What was written.

    Attributes:
        tokenizer: text of tokenizer.json; reading: what has changed of how texts are read; facts: what was done.
        inputs: of the graph.
    """

    tokenizer: str
    reading: dict[str, Any]
    inputs: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)


def write_smaller(source: Source, how: How, target: Path) -> Smaller:
    """Write the graph of a run's model, and say what else changes.

    Raises:
        PlanError, DataError: as `How.check` and the parts.
    """
    how.check(source.plan.task, source.run)
    made = _Model(source)
    if how.vocabulary:
        made.cut_vocabulary(how.corpus)
    if how.prune:
        made.prune(how.prune, how.recover)
    made.write(target, fused=how.fused or bool(how.int8) or bool(how.prune))
    if how.int8:
        quantise.int8(target, target, rows=made.feeds() if how.int8 == "static" else ())
    if how.half:
        quantise.half(target, target, how.half)
    made.facts |= {"how": how.options()}
    return Smaller(made.tokenizer, made.reading, made.inputs, made.facts)


class _Model:
    """A model on its way."""

    def __init__(self, source: Source) -> None:
        self.source, self.model = source, source.model
        self.inputs: tuple[str, ...] = source.inputs
        self.tokenizer, self.reading = source.tokenizer_text(), {}  # type: str, dict[str, Any]
        self.facts: dict[str, Any] = {}
        self.cut: vocabulary.Cut | None = None

    def cut_vocabulary(self, corpus: str) -> None:
        whole = json.loads(self.tokenizer)
        more = corpus_of(corpus).texts if corpus else []
        self.cut = vocabulary.cut(whole, [*_texts(_train(self.source)), *more])
        self.model = vocabulary.cut_embeddings(self.model, self.cut)
        self.tokenizer = json.dumps(self.cut.tokenizer, ensure_ascii=False)
        reading = self.source.reading()
        self.reading = {name: self.cut.number(reading[name]) for name in ("pad", "unknown")}
        self.reading["vocabulary"] = len(self.cut.kept)
        lost = vocabulary.losses(whole, self.cut, _texts(self.source.validation))
        self.facts["vocabulary"] = {"before": self.cut.before, "after": len(self.cut.kept), "unseen": asdict(lost)}

    def prune(self, share: float, steps: int) -> None:
        task, plan = self.source.task, self.source.plan
        encoded = self._encoded(RECOVERY if steps else IMPORTANCE)
        criterion = task.criterion(plan.labels, plan.params, encoded)
        batches = list(self._batches(encoded))
        found = prune.structured(self.model, batches[: IMPORTANCE // _BATCH], criterion.loss, share)
        teacher, self.model = self.model, found.model
        if steps:
            prune.recover(self.model, teacher, batches, criterion.loss, steps=steps)
        kept = {"before": found.before, "after": found.after, "heads": found.heads, "columns": found.columns}
        self.facts["pruned"] = {**kept, "recovery": steps}

    def write(self, target: Path, *, fused: bool) -> None:
        from tunebook.export.fused import write_fused
        from tunebook.export.graph import write_graph
        from tunebook.nets.peft import is_extra

        if fused:
            state = {name: item for name, item in self.model.state_dict().items() if not is_extra(name)}
            weights = {name: item.float().numpy() for name, item in state.items()}
            try:
                write_fused(weights, self.model.config.to_dict(), target)
            except PlanError as error:
                self.facts["fused"] = str(error)  # the graph as torch writes it does as well, only not as quickly
            else:
                self.facts["fused"] = True
                return
        write_graph(self.model, self.inputs, self.source.head, target)

    def feeds(self) -> Iterator[dict[str, Array]]:
        """Calibration rows as the graph takes them."""
        names = self._inputs_of_graph()
        for batch in self._batches(self._encoded(CALIBRATION)):
            given = {name: np.asarray(item) for name, item in batch.items()}
            given.setdefault("token_type_ids", np.zeros_like(given["input_ids"]))
            yield {name: given[name] for name in names}

    def _inputs_of_graph(self) -> tuple[str, ...]:
        fused = self.facts.get("fused") is True
        return ("input_ids", "attention_mask", "token_type_ids") if fused else self.inputs

    def _encoded(self, most: int) -> Encoded:
        plan, rows = self.source.plan, _train(self.source)
        chosen = np.sort(np.random.default_rng(0).permutation(len(rows))[:most])  # the same for every export
        some = self.source.task.seen(rows.at(chosen.tolist()), plan.params)
        return self.source.task.encode(some, self.source.tokenizer, plan.params.max_length)

    def _batches(self, encoded: Encoded) -> Iterator[dict[str, Any]]:
        pad = self.source.tokenizer.pad_token_id
        order = np.random.default_rng(0).permutation(len(encoded))
        for start in range(0, len(order), _BATCH):
            batch = self.source.task.collate(encoded, [int(row) for row in order[start : start + _BATCH]], pad)
            if self.cut is not None:
                import torch

                ids = np.searchsorted(self.cut.kept, batch["input_ids"].numpy())
                batch = {**batch, "input_ids": torch.from_numpy(ids)}
            yield batch


def _train(source: Source) -> Rows:
    from tunebook.data.load import load

    return load(source.data, "train")


def _texts(rows: Rows) -> list[str]:
    return [*rows.texts, *(rows.pairs or ())]


__all__ = ["CALIBRATION", "TASKS", "Corpus", "How", "Smaller", "corpus_of", "write_smaller"]
