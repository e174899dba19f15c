"""Cheap taggers that every fine-tune has to beat: a dictionary of the training rows, and a CRF on hand features."""

from __future__ import annotations

import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.pieces import END, FIRST, PART, START
from tunebook.bundle.spans import SAID, TRUE, Spans
from tunebook.core.answers import Rows
from tunebook.core.encoded import Encoded
from tunebook.core.errors import MachineError
from tunebook.core.hooks import BaselineInput
from tunebook.core.nouns import Labels
from tunebook.data.tagged_words import cut_words
from tunebook.tasks.tagging.tags import classes, spans_of, tags_of

Array = NDArray[Any]
_PIECES = 200_000  # of training rows that the CRF sees at most: a baseline is to cost little
_ROUNDS = 60


def baselines(given: BaselineInput) -> Mapping[str, Callable[[], Array]]:
    """`dictionary` and `crf`.

    Raises:
        MachineError: `machine.extra`: python-crfsuite is not installed.
    """
    try:
        import pycrfsuite  # noqa: F401
    except ImportError as error:
        raise MachineError("machine.extra", key="python-crfsuite", extra="train") from error
    train, asked, labels = given.rows["train"], given.rows[given.split], given.plan.labels
    return {"dictionary": partial(look_up, train, asked), "crf": partial(crf, train, asked, labels)}


def words_of(rows: Rows) -> Encoded:
    """The words of each row as pieces: those that its source has, else those that its text is cut into."""
    places: Any = rows.words or [cut_words(text) for text in rows.texts]
    flat = np.concatenate([np.empty((0, 2), dtype=np.int64), *(np.reshape(each, (-1, 2)) for each in places)])
    ends = np.concatenate([[0], np.cumsum([len(each) for each in places])]).astype(np.int64)
    columns = {START: flat[:, 0].astype(np.int64), END: flat[:, 1].astype(np.int64), PART: np.full(len(flat), FIRST)}
    fixed = {} if rows.targets is None else {"labels": rows.targets}
    return Encoded(columns, ends, fixed)


def look_up(train: Rows, asked: Rows) -> Array:
    """Answers (N, 1 + 4 S): from left to right the longest run of words that is an entity somewhere in the training
    rows, with the type that it most often has there, and as score how often it has that."""
    known = _dictionary(train)
    longest = Counter[str]()  # first word -> code points of the longest entry that begins with it
    for entry in known:
        first = _first(entry)
        longest[first] = max(longest[first], len(entry))
    pieces = words_of(asked)
    found = [list(_matches(text, *_borders(pieces, row), known, longest)) for row, text in enumerate(asked.texts)]
    flat = np.array([match for row in found for match in row], dtype=np.float64).reshape(-1, 4)
    row = np.repeat(np.arange(len(found)), [len(each) for each in found])
    start, end, label = flat[:, :3].astype(np.int64).T
    read = np.array([(len(text.rstrip()), 1, 0, 0) for text in asked.texts], dtype=np.int64)
    return Spans(row, start, end, label, flat[:, 3], read).matrix(SAID)


def _dictionary(train: Rows) -> dict[str, tuple[int, float]]:
    """Text of an entity -> its commonest type, and the share of its entities that are of that."""
    assert train.targets is not None
    spans = Spans.of(train.targets, TRUE)
    types: dict[str, Counter[int]] = defaultdict(Counter)
    columns = (column.tolist() for column in (spans.row, spans.start, spans.end, spans.label))
    for row, start, end, label in zip(*columns, strict=True):
        types[train.texts[row][start:end]][label] += 1
    best = {text: counts.most_common(1)[0] for text, counts in types.items()}
    return {text: (label, count / types[text].total()) for text, (label, count) in best.items()}


def _first(text: str) -> str:
    places = cut_words(text)
    return text[places[0, 0] : places[0, 1]] if len(places) else text[:1]


def _borders(pieces: Encoded, row: int) -> tuple[list[int], list[int]]:
    own = slice(pieces.offsets[row], pieces.offsets[row + 1])
    return pieces.flat[START][own].tolist(), pieces.flat[END][own].tolist()


def _matches(
    text: str, starts: list[int], ends: list[int], known: Mapping[str, tuple[int, float]], longest: Mapping[str, int]
) -> Iterator[tuple[int, int, int, float]]:
    """Start, end, type and score of the entries in a text; each begins and ends with a word."""
    free = 0
    for number, start in enumerate(starts):
        reach = longest.get(_first(text[start : ends[number]]), 0)
        if start < free or not reach:
            continue
        near = [end for end in ends[number:] if end - start <= reach]
        end = next((end for end in reversed(near) if text[start:end] in known), None)
        if end is not None:
            yield (start, end, *known[text[start:end]])
            free = end


def crf(train: Rows, asked: Rows, labels: Labels) -> Array:
    """Answers (N, 1 + 4 S) of a linear-chain CRF over words: their letters, ends and shapes, and those of their
    neighbours.

    Source: Lafferty, McCallum and Pereira 2001; features after Ratinov and Roth 2009, without word lists.
    """
    import pycrfsuite

    names = tags_of(labels).names
    rows = words_of(train)
    tags = classes(rows)
    trainer = pycrfsuite.Trainer(verbose=False, params={"c1": 0.05, "c2": 0.01, "max_iterations": _ROUNDS})
    for row in range(int(np.searchsorted(rows.offsets, _PIECES, side="right")) - 1):
        own = slice(rows.offsets[row], rows.offsets[row + 1])
        trainer.append(_features(train.texts[row], *_borders(rows, row)), [names[tag] for tag in tags[own]])
    with tempfile.TemporaryDirectory() as folder:
        trainer.train(str(Path(folder) / "crf"))
        tagger = pycrfsuite.Tagger()
        tagger.open(str(Path(folder) / "crf"))
        pieces = words_of(asked)
        said: list[int] = []
        chances: list[float] = []
        for row, text in enumerate(asked.texts):
            found = tagger.tag(_features(text, *_borders(pieces, row)))
            said += [names.index(tag) for tag in found]
            chances += [tagger.marginal(tag, place) for place, tag in enumerate(found)]
        tagger.close()
    return spans_of(pieces, np.array(said, dtype=np.int64), np.array(chances)).matrix(SAID)


def _features(text: str, starts: Sequence[int], ends: Sequence[int]) -> list[list[str]]:
    """What the CRF sees of each word."""
    words = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    small = ["<<", "<", *(word.lower() for word in words), ">", ">>"]
    shapes = ["<", *map(_shape, words), ">"]
    found = []
    for place, word in enumerate(small[2:-2], 2):
        before, behind = small[place - 1], small[place + 1]
        near = [f"w{step}={small[place + step]}" for step in (-2, -1, 0, 1, 2)]
        ends_of = [f"s{size}={word[-size:]}" for size in (1, 2, 3)] + [f"p{size}={word[:size]}" for size in (1, 2, 3)]
        shape = [f"x{step}={shapes[place - 1 + step]}" for step in (-1, 0, 1)]
        pairs = [f"b={before}|{word}", f"a={word}|{behind}", f"c={before}|{behind}", f"x={'|'.join(shape)}"]
        found.append(["1", *near, *(ends_of if len(word) > 1 else []), *shape, *pairs])
    return found


def _shape(word: str) -> str:
    """A word with X for its capital letters, x for others and 9 for digits, each run as one."""
    plain = (
        "9" if sign.isdigit() else "X" if sign.isupper() else "x" if sign.islower() else "c" if sign.isalpha() else sign
        for sign in word
    )
    return re.sub(r"(.)\1+", r"\1", "".join(plain))


__all__ = ["baselines", "crf", "look_up", "words_of"]
