"""Answers as somebody judges them: of every task whole, and without the scores that a page shows."""

from __future__ import annotations

import pytest

from tunebook.core.registry import tasks

CASES = [(key, case) for key, kind in tasks().items() for case in kind.cases() if case.right is not None]


@pytest.mark.parametrize(("key", "case"), CASES, ids=[f"{key} {case.name}" for key, case in CASES])
def test_an_answer_is_told_whole(key, case):
    task = tasks()[key]()
    assert case.right is not None
    told = task.say(case.right, case.rows, case.labels)
    texts = [task.in_full(answer) for answer in told]
    assert all(isinstance(text, str) and text for text in texts)
    for answer, text in zip(told, texts, strict=True):
        whole = next(iter(answer.values()))
        parts = whole if isinstance(whole, list) else [whole]
        assert all(part["text"] in text for part in parts if isinstance(part, dict))
        if isinstance(whole, str) and whole not in ("", "good", "bad"):
            assert text == whole  # nothing is cut
