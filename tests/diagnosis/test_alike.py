"""Classes that are one are told from wrong labels and from classes with few rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.diagnosis.worlds import FAULTS, NAMES, World, healthy

from tunebook.diagnosis.alike import Alike, Pair, alike, joined
from tunebook.diagnosis.causes import attributed


def bent(seed: int) -> World:
    """A third of the rows of class 3 bears another name; the run always says the more frequent one."""
    world = healthy(seed)
    labels = tuple(np.where((side == 3) & (world.rng.random(len(side)) < 0.35), 4, side) for side in world.labels)
    return replace(world, labels=labels, names=[*NAMES, "class3-b"])


def three(seed: int, share: float) -> World:
    """Three classes with so many wrong labels."""
    world = healthy(seed)
    kept = [side < 3 for side in world.labels]
    texts, vectors = (
        tuple(np.asarray(side)[rows] for side, rows in zip(sides, kept, strict=True))
        for sides in (world.texts, world.vectors)
    )
    labels = [side[rows] for side, rows in zip(world.labels, kept, strict=True)]
    wrong = [world.rng.random(len(side)) < share for side in labels]
    return replace(
        world, texts=tuple(side.tolist() for side in texts), vectors=vectors, names=NAMES[:3], learnt=wrong[0] * 1.0,
        labels=tuple(np.where(mine, (side + 1) % 3, side) for mine, side in zip(wrong, labels, strict=True)),
        said=np.minimum(world.said[kept[1]], 2), words=world.words[kept[1]],
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_a_name_drawn_by_coin_is_neither_a_wrong_label_nor_a_class_of_few_rows(seed: int) -> None:
    seen = bent(seed).seen()
    found = seen.once(alike)
    assert seen.once(alike) is found
    assert isinstance(found, Alike)
    assert [(pair.one, pair.two) for pair in found.pairs] == [(3, 4)]
    assert found.p_value < 1e-6
    assert found.labels.p_value > 0.05
    named = [one.key for one in attributed(seen)]
    assert named[0] == "merged"
    assert not {"noise", "few_of_class"} & set(named)


@pytest.mark.parametrize(("apart", "pairs"), [(0.0, [(3, 4)]), (0.7, []), (1.2, [])])
def test_two_hard_classes_are_two(apart: float, pairs: list[tuple[int, int]]) -> None:
    world = FAULTS["merged"](healthy(0))
    own = [np.eye(1, 12)[0] * apart * (side == 4)[:, None] for side in world.labels]
    vectors = tuple(side + more for side, more in zip(world.vectors, own, strict=True))
    found = alike(replace(world, vectors=vectors).seen()).pairs
    assert [(pair.one, pair.two) for pair in found] == pairs


@pytest.mark.parametrize("seed", range(3))
def test_looks_that_tell_no_classes_apart_are_no_witness(seed: int) -> None:
    world = FAULTS["merged"](healthy(seed, apart=0.9))
    blank = tuple([f"the room {number}" for number in range(len(side))] for side in world.texts)
    assert [(pair.one, pair.two) for pair in alike(world.seen()).pairs] == [(3, 4)]
    assert alike(replace(world, texts=blank).seen()).pairs == []


@pytest.mark.parametrize("seed", range(4))
def test_wrong_labels_make_no_two_classes_one(seed: int) -> None:
    for world in (FAULTS["noise"](healthy(seed)), three(seed, 0.25), three(seed, 0.35)):
        assert alike(world.seen()).pairs == []


@pytest.mark.parametrize("seed", range(3))
def test_wrong_labels_beside_two_classes_that_are_one_are_counted(seed: int) -> None:
    seen = FAULTS["merged"](FAULTS["noise"](healthy(seed))).seen()
    assert {"noise", "merged"} <= {one.key for one in attributed(seen)}
    rate = seen.once(alike).labels.both.rate
    assert rate.low < 0.2 < rate.high


def test_the_pair_is_what_is_taken_for_the_other() -> None:
    true, said = np.array([0, 0, 1, 1, 2, 3]), np.array([0, 1, 0, 1, 1, 2])
    pair = Pair(1, 0, 0.6, (40, 60))
    assert pair.swapped(true, said).tolist() == [False, True, True, False, False, False]
    assert pair.p_value(0.8) < 0.01 < pair.p_value(0.65) < 0.5 == pair.p_value(0.6)
    both = Alike([pair, Pair(2, 3, 0.5, (9, 9))], 0.0, alike(bent(0).seen()).labels)
    assert both.swapped(true, said).tolist() == [False, True, True, False, False, True]


def test_pairs_share_a_number_unless_none_would_be_left() -> None:
    pairs = [Pair(one, two, 0.5, (10, 10)) for one, two in ((1, 0), (3, 2), (2, 0))]
    assert joined([], 4).tolist() == [0, 1, 2, 3]
    assert joined(pairs[:2], 4).tolist() == [0, 0, 1, 1]
    assert joined(pairs[:2], 5).tolist() == [0, 0, 1, 1, 2]
    assert joined(pairs, 4).tolist() == [0, 1, 2, 3]
    assert joined(pairs, 5).tolist() == [0, 0, 0, 0, 1]


def test_few_rows_and_two_classes_say_nothing() -> None:
    world = bent(0)
    rare = [np.where((side == 4) & (np.cumsum(side == 4) > 4), 3, side) for side in world.labels]
    assert alike(replace(world, labels=tuple(rare)).seen()).pairs == []
    two = replace(world, labels=tuple(side % 2 for side in world.labels), said=world.said % 2, names=["a", "b"])
    assert alike(two.seen()).pairs == []
