"""Where tokens stand in a text, whatever the tokenizer does to it: true spans come back as they were."""

from __future__ import annotations

import random
import unicodedata
from itertools import pairwise

import numpy as np
import pytest
import torch

from tests.tasks.tagging import readers
from tests.tasks.tagging.made import targets
from tunebook.bundle.pieces import END, FIRST, PART, START
from tunebook.bundle.spans import TRUE, Spans
from tunebook.core.errors import ModelError
from tunebook.tasks.tagging import pieces
from tunebook.tasks.tagging.batches import collate
from tunebook.tasks.tagging.decoding import inside
from tunebook.tasks.tagging.tags import classes


def clusters(text):
    """Places of the signs that a reader sees: a letter with its marks, an emoji with all that is joined to it."""
    found = []
    for place, sign in enumerate(text):
        joined = unicodedata.category(sign)[0] == "M" or sign == "\u200d" or "🏻" <= sign <= "🏿"
        joined |= place > 0 and text[place - 1] == "\u200d"
        if joined and found:
            found[-1] = (found[-1][0], place + 1)
        elif not sign.isspace():
            found.append((place, place + 1))
    return found


def words_of(text):
    """Places of what stands between blanks."""
    found, start = [], None
    for place, sign in enumerate(text + " "):
        if sign.isspace() and start is not None:
            found.append((start, place))
            start = None
        elif not sign.isspace() and start is None:
            start = place
    return found


def random_spans(units, draw):
    """Spans of some of the units, none over another, with classes of 3."""
    found, at = [], 0
    while at < len(units):
        size = draw.randint(1, 4)
        if draw.random() < 0.4 and at + size <= len(units):
            found.append((units[at][0], units[at + size - 1][1], draw.randrange(3)))
        at += size
    return found


def back(encoded):
    """The spans that the classes of tokens stand for."""
    tags = classes(encoded)
    row = np.repeat(np.arange(len(encoded)), encoded.lengths)
    first = encoded.flat[PART] == FIRST
    found, open_ = [[] for _ in range(len(encoded))], None
    for number in np.flatnonzero(first):
        tag = int(tags[number])
        if tag and tag % 2:
            open_ = [int(encoded.flat[START][number]), int(encoded.flat[END][number]), tag // 2]
            found[row[number]].append(open_)
        elif tag:
            open_[1] = int(encoded.flat[END][number])
    return [[tuple(span) for span in spans] for spans in found]


@pytest.mark.parametrize("length", [9, 14, 200])
@pytest.mark.parametrize("kind", readers.KINDS)
def test_true_spans_come_back(kind, length):
    """Whatever the units of the tokenizer are: spans of them are found again, in windows of any length."""
    draw = random.Random(0)
    made = pieces.encode(readers.TEXTS, None, readers.tokenizer(kind), 512)
    units = [[] for _ in readers.TEXTS]
    for number in np.flatnonzero(made.flat[PART] == FIRST):
        row = int(np.searchsorted(made.offsets, number, side="right")) - 1
        units[row].append((int(made.flat[START][number]), int(made.flat[END][number])))
    for text, places in zip(readers.TEXTS, units, strict=True):
        said = [text[start:end] for start, end in places]
        assert "".join("".join(said).split()) == "".join(text.split()), "nothing but blanks is left out"
        assert said == [piece.strip() for piece in said]
        assert all(left[1] <= right[0] for left, right in pairwise(places))
    for _ in range(20):
        spans = [random_spans(places, draw) for places in units]
        encoded = pieces.encode(readers.TEXTS, None, readers.tokenizer(kind), length)
        encoded = encoded.with_fixed(labels=targets(spans))
        assert back(encoded) == spans


@pytest.mark.parametrize("kind", ["unigram", "bytes", "bytes_blank", "spm_bpe"])
def test_every_sign_can_be_reached_where_tokens_are_small(kind):
    for text in readers.TEXTS:
        spans = [(start, end, number % 3) for number, (start, end) in enumerate(clusters(text))]
        single = [span for span in spans if span[1] - span[0] == 1 and text[span[0]] not in "👍"]
        for span in single:
            encoded = pieces.encode([text], None, readers.tokenizer(kind), 512).with_fixed(labels=targets([[span]]))
            found = back(encoded)[0]
            assert len(found) == 1 and found[0][0] <= span[0] < span[1] <= found[0][1] and found[0][2] == span[2]


@pytest.mark.parametrize("length", [10, 512])
@pytest.mark.parametrize("kind", readers.KINDS)
def test_words_are_pieces_where_they_are_known(kind, length):
    """Of words, spans of words come back exactly, whatever the tokens are."""
    draw = random.Random(1)
    words = [words_of(text) for text in readers.TEXTS]
    encoded = pieces.encode(readers.TEXTS, [np.array(places) for places in words], readers.tokenizer(kind), length)
    for _ in range(10):
        spans = [random_spans(places, draw) for places in words]
        assert back(encoded.with_fixed(labels=targets(spans))) == spans


@pytest.mark.parametrize("kind", readers.KINDS)
def test_each_token_counts_once_where_it_has_most_context(kind):
    text = " ".join(readers.TEXTS * 3)
    reader = readers.tokenizer(kind)
    whole = pieces.encode([text], None, reader, 4096)
    cut = pieces.encode([text, "的"], None, reader, 22)
    counted = cut.flat[PART] != 0
    for name in ("input_ids", START, END, PART):
        own = cut.flat[name][: cut.offsets[1]][counted[: cut.offsets[1]]]
        np.testing.assert_array_equal(own, whole.flat[name][1:-1])
    batch = collate(cut, [0, 1], 1)
    lines = batch["input_ids"].shape
    assert lines[1] == 22 and set(batch["tagging.row"].tolist()) == {0, 1}
    assert batch["input_ids"][:, 0].eq(reader.cls_token_id).all()
    assert batch["input_ids"].eq(reader.sep_token_id).sum(1).eq(1).all()
    lefts, total, room = [0], len(whole.flat["input_ids"]) - 2, 20
    while lefts[-1] + room < total:
        lefts.append(min(lefts[-1] + 15, total - room))
    assert lines[0] == len(lefts) + 1
    for token in range(total):
        context = [
            min(token - left if left else total, left + room - 1 - token if left + room < total else total)
            for left in lefts
        ]
        own = [
            line for line, left in enumerate(lefts) if 0 <= token - left < room and batch[PART][line, token - left + 1]
        ]
        assert len(own) == 1 and context[own[0]] >= max(context) - 1


def test_what_cannot_be_aligned_is_refused():
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    class Slow:
        is_fast = False

    with pytest.raises(ModelError) as slow:
        pieces.encode(["a"], None, Slow(), 10)
    assert slow.value.code == "tagging.tokenizer"
    with pytest.raises(ModelError) as short:
        pieces.encode(["a"], None, readers.tokenizer("bytes"), 5)
    assert short.value.code == "tagging.max_length"
    made = Tokenizer(models.WordLevel({"a": 0, "<unk>": 1}, unk_token="<unk>"))
    made.normalizer = normalizers.Replace(Regex(" b"), "")
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    with pytest.raises(ModelError) as lost:
        pieces.encode(["a b a b"], None, PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>"), 10)
    assert lost.value.code == "tagging.loses" and lost.value.value == "b"


def test_rows_without_text_have_a_window():
    encoded = pieces.encode(["", "  ", "的"], None, readers.tokenizer("bytes"), 10)
    assert encoded.lengths.tolist()[0] == 2 and (encoded.lengths > 0).all()
    batch = collate(encoded.with_fixed(labels=targets([[], [], [(0, 1, 0)]])), [2, 0, 1], 1)
    assert batch["tagging.row"].tolist() == [0, 1, 2]
    assert (batch["tagging.class"][1:] <= 0).all() and (batch["tagging.class"][0] > 0).any()


def test_borders_within_a_piece_go_to_its_nearer_end():
    """WordPiece reads ＡＢＣ公司 as few tokens: a border inside one moves, and a span inside one has all of it."""
    text = "abcdefgh ij"
    words = [np.array([(0, 8), (9, 11)])]
    for span, expected in (
        ((0, 7), (0, 8)),
        ((5, 11), (9, 11)),
        ((3, 11), (0, 11)),
        ((1, 3), (0, 8)),
        ((9, 10), (9, 11)),
    ):
        encoded = pieces.encode([text], words, readers.tokenizer("bytes"), 20).with_fixed(
            labels=targets([[(*span, 1)]])
        )
        assert back(encoded) == [[(*expected, 1)]]


def test_matrices_of_spans_go_both_ways():
    matrix = targets([[(0, 2, 1)], [], [(1, 2, 0), (4, 9, 2)]])
    spans = Spans.of(matrix, TRUE)
    assert spans.row.tolist() == [0, 2, 2] and spans.label.tolist() == [1, 0, 2]
    np.testing.assert_array_equal(spans.matrix(TRUE), matrix)
    assert inside(torch.tensor([0, 1, 2, 3, 4])).tolist() == [False, False, True, False, True]
