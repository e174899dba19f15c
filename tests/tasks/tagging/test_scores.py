"""Scores of spans against seqeval and against plain loops."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tests.tasks.tagging import made
from tunebook.core.nouns import Labels
from tunebook.tasks.tagging import scores

LABELS = Labels(problem="tags", names=["PER", "LOC", "ORG"])


def sentence(draw, words):
    """Random entities of a sentence of so many words: (start, end, class) in words."""
    found, at = [], 0
    while at < words:
        size = draw.choice([1, 1, 1, 2, 3])
        if draw.random() < 0.5 and at + size <= words:
            found.append((at, at + size, draw.randrange(3)))
        at += size
    return found


def changed(spans, draw, words):
    """The same with other borders and types here and there, some lost, some new."""
    kept, at = [], 0
    for start, end, label in spans:
        kind = draw.random()
        if kind < 0.15:
            continue
        if kind < 0.3:
            end = min(end + 1, words)
        if kind > 0.85:
            label = (label + 1) % 3
        if start >= at:
            kept.append((start, end, label))
            at = end
    return kept


def pair(count=120, seed=0):
    draw = random.Random(seed)
    sizes = [draw.randint(1, 12) for _ in range(count)]
    true = [sentence(draw, size) for size in sizes]
    said = [
        changed(spans, draw, size) if draw.random() < 0.8 else sentence(draw, size)
        for spans, size in zip(true, sizes, strict=True)
    ]
    return true, said, sizes


def tags(spans, words):
    found = ["O"] * words
    for start, end, label in spans:
        found[start:end] = [f"B-{LABELS.names[label]}", *[f"I-{LABELS.names[label]}"] * (end - start - 1)]
    return found


@pytest.mark.parametrize("seed", range(5))
def test_strict_scores_are_those_of_seqeval(seed):
    seqeval = pytest.importorskip("seqeval.metrics")
    from seqeval.scheme import IOB2

    true, said, sizes = pair(seed=seed)
    words = [[tags(spans, size) for spans, size in zip(side, sizes, strict=True)] for side in (true, said)]
    parts = scores.counts(made.answers(said), made.targets(true), LABELS).sum(0)
    types = scores.by_type(made.answers(said), made.targets(true), LABELS).sum(0)
    for own, name in ((scores.f1, "f1_score"), (scores.precision, "precision_score"), (scores.recall, "recall_score")):
        other = getattr(seqeval, name)
        assert own(parts) == pytest.approx(other(*words, mode="strict", scheme=IOB2))
        each = other(*words, mode="strict", scheme=IOB2, average=None)
        for place, label in enumerate(sorted(LABELS.names)):
            number = LABELS.names.index(label)
            assert own(types.reshape(3, 3)[:, number]) == pytest.approx(each[place])
    macro = seqeval.f1_score(*words, mode="strict", scheme=IOB2, average="macro")
    assert scores.macro_f1(types) == pytest.approx(macro)


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_plain_loops(seed):
    true, said, _ = pair(seed=seed)
    answers, targets = made.answers(said), made.targets(true)
    found, halves = scores.counts(answers, targets, LABELS), scores.halves(answers, targets, LABELS)
    for row, (own, other) in enumerate(zip(true, said, strict=True)):
        right = set(own) & set(other)
        assert found[row].tolist() == [len(right), len(own), len(other)]
        open_ = [(one, two) for one in set(own) - right for two in set(other) - right
                 if one[2] == two[2] and one[0] < two[1] and two[0] < one[1]]  # fmt: skip
        assert halves[row].tolist() == [len(right) + 0.5 * most_pairs(open_), len(own), len(other)]


@pytest.mark.parametrize("seed", range(5))
def test_overlaps_that_count_half_never_have_a_lower_interval(seed):
    metrics = {metric.key: metric for metric in scores.METRICS}
    true, said, _ = pair(60, seed)
    for found in (said, [[] for _ in said]):
        answers = made.answers(found), made.targets(true)
        strict, partial = (
            metrics[key].interval(metrics[key].rows(*answers, LABELS), None) for key in ("span_f1", "span_partial_f1")
        )
        assert strict.value <= partial.value and strict.low <= partial.low and strict.high <= partial.high


def most_pairs(pairs):
    """The largest number of pairs that share no span, by trying all."""
    if not pairs:
        return 0
    (one, two), *rest = pairs
    return max(most_pairs(rest), 1 + most_pairs([pair for pair in rest if pair[0] != one and pair[1] != two]))


@pytest.mark.parametrize("seed", range(3))
def test_signs_are_counted_one_by_one(seed):
    true, said, sizes = pair(seed=seed)
    answers = made.answers(said)
    for row, (spans, size) in enumerate(zip(said, sizes, strict=True)):
        answers[row, 1 + 4 * len(spans)] = size
    found = scores.signs(answers, made.targets(true), LABELS)
    for row, (own, other, size) in enumerate(zip(true, said, sizes, strict=True)):
        mine, yours = ([tag[2:] for tag in tags(spans, size)] for spans in (own, other))
        assert found[row].tolist() == [sum(map(str.__eq__, mine, yours)), size]


def test_scores_of_nothing():
    nothing = scores.counts(made.answers([[]]), made.targets([[]]), LABELS).sum(0)
    assert np.isnan(scores.f1(nothing)) and np.isnan(scores.recall(nothing)) and scores.precision(nothing) == 0
    lost = scores.counts(np.full((2, 5), np.nan), made.targets([[(0, 1, 0)], []]), LABELS)
    assert scores.signs(np.full((1, 5), np.nan), made.targets([[(2, 5, 0)]]), LABELS).tolist() == [[0, 5]]
    assert lost.tolist() == [[0, 1, 0], [0, 0, 0]] and scores.f1(lost.sum(0)) == 0
    with pytest.raises(ValueError, match="cannot be scored"):
        scores.counts(made.answers([[]]), made.targets([[], []]), LABELS)


def test_votes_keep_what_most_models_find():
    from tunebook.bundle.spans import mean

    one = made.answers([[(0, 2, 1), (4, 6, 0)], []], 0.9)
    two = made.answers([[(0, 2, 1)], [(1, 2, 0)]], 0.6)
    three = made.answers([[(0, 2, 2), (4, 6, 0), (7, 8, 0)], [(1, 2, 0)]], 0.3)
    found = mean([one, two, three])
    expected = made.answers([[(0, 2, 1), (4, 6, 0)], [(1, 2, 0)]])
    np.testing.assert_array_equal(np.delete(found, [4, 8], axis=1), np.delete(expected, [4, 8], axis=1))
    np.testing.assert_allclose(found[:, [4, 8]], [[0.5, 0.4], [0.3, 0]], rtol=1e-6)
    np.testing.assert_array_equal(mean([one, np.full((2, 1), np.nan, np.float32)]), one)
