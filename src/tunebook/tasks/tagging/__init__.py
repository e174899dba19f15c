"""Named entities: spans of a text that have a type each, found by the tags of its tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle import pieces
from tunebook.bundle import spans as votes
from tunebook.bundle.calibrated import Calibrated, log_odds
from tunebook.bundle.spans import SAID, TRUE, Spans
from tunebook.core.answers import Rows
from tunebook.core.batch import Batch, Criterion
from tunebook.core.calibrates import Chances
from tunebook.core.encoded import Encoded
from tunebook.core.explains import Aim, Using
from tunebook.core.hooks import SENTENCES, BaselineInput, Case
from tunebook.core.metric import Metric
from tunebook.core.nouns import Labels
from tunebook.core.settings import Filled
from tunebook.tasks.tagging.scores import METRICS, both, exact
from tunebook.tasks.tagging.tags import said_by, tags_of
from tunebook.tasks.tagging.words import EntityWords


class Tagging(EntityWords):
    """The task `tagging`: which spans of a text are entities, and of which type.

    Targets are matrices (N, 1 + 3 S) of the number of spans and of the start, end and type of each, answers (N, 1 +
    4 S) with a score behind the type; places are code points, ends exclusive.
    """

    key: ClassVar[str] = "tagging"
    gives: ClassVar[frozenset[str]] = frozenset({"embeddings", "layers", "head", "item_logits", "sequences"})
    scored: ClassVar[Mapping[str, tuple[Metric, ...]]] = dict.fromkeys(("tags", "spans"), METRICS)

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Names in texts, alone and with the places of words, in short texts and in long ones, which are read in
        parts."""
        return (_case("places", SENTENCES), _case("words", SENTENCES, words=True), _case("long", _LONG))

    def build(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The model with an output for each tag, fresh but for tags that its own head has under the same names.

        Raises:
            ModelError: transformers has no head for tokens for this architecture, or the folder lacks weights of the
                encoder, which would then start at random.
        """
        from transformers import AutoModelForTokenClassification

        from tunebook.tasks.heads import check_whole, config_of, fresh, start_head

        tags = tags_of(labels)
        model, found = fresh(AutoModelForTokenClassification, folder, config_of(folder, tags.names, params))
        check_whole(model, found, folder)
        start_head(model, found, folder, tags)
        return model

    def skeleton(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The same model on torch's meta device: names and shapes, no weights, no memory.

        Raises:
            ModelError: as `build`.
        """
        from transformers import AutoModelForTokenClassification

        from tunebook.tasks.heads import config_of, weightless

        return weightless(AutoModelForTokenClassification, folder, config_of(folder, tags_of(labels).names, params))

    def load(self, folder: Path) -> Any:
        """A trained model as transformers itself loads it, with what it has learnt of sequences, if it has."""
        from transformers import AutoModelForTokenClassification

        from tunebook.models.stored import stored
        from tunebook.nets.linear_chain import NAME, stored_chain

        chain = stored_chain(folder)
        model = stored(AutoModelForTokenClassification, folder)
        if chain is not None:
            model.add_module(NAME, chain)
        return model

    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """Windows of tokens of each row; see `tunebook.bundle.pieces`."""
        encoded = pieces.encode(rows.texts, rows.words, tokenizer, max_length)
        return encoded.with_fixed(labels=rows.targets, sample_weight=rows.weights)

    def lines(self, encoded: Encoded) -> NDArray[np.int64]:
        """Its windows."""
        return np.maximum.reduceat(encoded.flat[pieces.WINDOW], encoded.offsets[:-1]).astype(np.int64) + 1

    def unsaid(self, encoded: Encoded) -> int:
        """Spans that begin or end inside a token."""
        found = said_by(encoded)
        true = Spans.of(encoded.fixed["labels"], TRUE)
        return len(true.row) - int(exact(true, found)[0].sum())

    def collate(self, encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
        """A line for each window of these rows."""
        from tunebook.tasks.tagging.batches import collate

        return collate(encoded, rows, pad)

    def criterion(self, labels: Labels, params: Filled, rows: Encoded) -> Criterion:
        """Cross-entropy of the tokens."""
        from tunebook.tasks.tagging.loss import Tag

        return Tag.of(labels, params, rows)

    def read(self, outputs: Any, batch: Batch, model: Any) -> Any:
        """The spans of each row."""
        from tunebook.nets.linear_chain import chain_of
        from tunebook.tasks.tagging.decoding import read

        return read(outputs, batch, chain_of(model))

    def aims(self, outputs: Any, batch: Batch, rows: Rows, labels: Labels, using: Using) -> Sequence[Aim]:
        """The spans that are found."""
        from tunebook.tasks.tagging.aims import aims

        return aims(self.read(outputs, batch, using.model), batch, rows, labels, using.temperature)

    def decided(self, answers: NDArray[np.float32], labels: Labels) -> NDArray[Any]:
        """The spans without their scores."""
        return Spans.of(answers, SAID).matrix(TRUE)

    def present(self, targets: NDArray[Any], labels: Labels) -> NDArray[np.int64]:
        """True spans of each type."""
        return Spans.of(targets, TRUE).counts(len(labels.names))

    def found(self, answers: NDArray[np.float32], targets: NDArray[Any], labels: Labels) -> NDArray[np.int64]:
        """Those of them that are predicted."""
        true, said = both(answers, targets)
        return true.at(exact(true, said)[0]).counts(len(labels.names))

    def chances(self, answers: NDArray[np.float32], targets: NDArray[Any], labels: Labels) -> Chances:
        """The odds of each span that was found to be right: start, end and type."""
        true, said = both(answers, targets)
        right = exact(true, said)[1].astype(np.float64)
        return Chances(log_odds(said.score)[:, None], right[:, None], said.row, "sigmoid")

    def tempered(self, answers: NDArray[np.float32], temperature: float, labels: Labels) -> NDArray[np.float32]:
        """The same spans, whose scores are at the temperature."""
        said = Spans.of(answers, SAID)
        return replace(said, score=Calibrated(temperature).chances(said.score)).matrix(SAID)

    def baselines(self, given: BaselineInput) -> Mapping[str, Callable[[], NDArray[Any]]]:
        """A `dictionary` of the training rows, and a `crf` on hand features.

        Raises:
            MachineError: python-crfsuite is not installed.
        """
        from tunebook.tasks.tagging.baselines import baselines

        return baselines(given)

    def mean(self, answers: Sequence[NDArray[np.float32]], labels: Labels) -> NDArray[np.float32]:
        """The spans that most of the models find, with their mean score."""
        return votes.mean(answers)

    def renamed(self, answers: NDArray[np.float32], old: Labels, new: Labels) -> NDArray[np.float32]:
        """The same spans with the numbers that their types have now; those of types that are gone are left out."""
        spans = Spans.of(answers, SAID)
        place = np.array([new.names.index(name) if name in new.names else -1 for name in old.names])
        return replace(spans, label=place[spans.label]).at(place[spans.label] >= 0).matrix(SAID)


_NAMES = {"Anna": 0, "Ben": 0, "Oslo": 1, "New York": 1}
_LONG = tuple(" ".join(SENTENCES[place:] + SENTENCES[:place]) for place in range(len(SENTENCES)))


def _case(name: str, texts: Sequence[str], *, words: bool = False) -> Case:
    """Texts in which the names are entities."""
    places = [[at.span() for at in re.finditer(r"\S+", text)] for text in texts]
    named = [
        (row, at.start(), at.end(), _NAMES[at.group()])
        for row, text in enumerate(texts)
        for at in re.finditer("|".join(_NAMES), text)
    ]
    row, start, end, label = np.array(named).T
    read = np.array([(len(text), 1, 0, 0) for text in texts])
    spans = Spans(row, start, end, label, np.ones(len(named)), read)
    rows = Rows(
        texts,
        None,
        spans.matrix(TRUE),
        [str(number) for number in range(len(texts))],
        words=[np.array(row) for row in places] if words else None,
    )
    return Case(name, Labels(problem="spans", names=["PER", "LOC"]), rows, right=spans.matrix(SAID))


__all__ = ["Tagging"]
