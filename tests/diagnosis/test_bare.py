"""What bare words say: of rows by other rows, in any script."""

from __future__ import annotations

import numpy as np
from tests.diagnosis.worlds import healthy

from tunebook.diagnosis.bare import Bare, bare, linear


def test_words_judge_rows_that_they_were_not_learnt_from() -> None:
    world = healthy()
    found = bare(world.texts[0], world.labels[0], world.texts[1], 5, characters=False)
    assert isinstance(found, Bare)
    for said, true in ((found.learnt, world.labels[0]), (found.judged, world.labels[1])):
        assert np.isneginf(said[:, 4]).all()  # a class without rows
        assert (said.argmax(1) == true).mean() > 0.8
    alone = bare(["a 1", "b 2", "a 3", "b 4", "c 5"], np.array([0, 1, 0, 1, 2]), ["a"], 3, characters=False)
    assert alone.learnt[4].argmax() != 2, "its own row does not judge it"


def test_a_class_of_few_rows_loses_no_more_than_its_words_say() -> None:
    world = healthy()
    texts, classes = np.array(world.texts[0]), world.labels[0]
    kept = np.flatnonzero((classes != 2) | (np.cumsum(classes == 2) <= 6))
    found = bare(texts[kept].tolist(), classes[kept], world.texts[1], 4, characters=False).judged
    own, idle = world.labels[1] == 2, "the room was and hotel food we found it really"
    assert (found[own, 2] > found[own, 1]).mean() > 0.8
    plain = bare(texts[kept].tolist(), classes[kept], [idle], 4, characters=False).judged[0]
    assert abs(plain[2] - plain[1]) < 3, "words of all classes speak for none"


def test_characters_are_words_of_chinese() -> None:
    texts, classes = ["房间干净", "房间很好", "味道太差", "味道不好"] * 3, np.array([0, 0, 1, 1] * 3)
    for characters in (True, False):
        found = bare(texts, classes, ["房间不错", "味道一般"], 2, characters)
        assert (found.judged.argmax(1).tolist() == [0, 1]) == characters
    assert linear(texts, classes, ["房间不错", "味道一般"], characters=True).tolist() == [0, 1]
