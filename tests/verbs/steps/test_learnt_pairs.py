"""What of sources and targets is learnt, as check shows it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.tasks.seq2seq.made import FORMS, settings, tokenizer
from tunebook.core.answers import Rows
from tunebook.core.written import texts_of
from tunebook.tasks.seq2seq import Seq2seq
from tunebook.verbs.steps.learnt import learnt_of_pairs

ROWS = Rows(["a b c", "d"], None, texts_of(["b", "a b c d e f"]), ["0", "1"])


def plan_of(**own: Any) -> Any:
    return SimpleNamespace(params=settings(decoder_start=0, **own).model_copy(update={"max_length": 32}))


def test_a_source_is_read_and_its_target_learnt() -> None:
    found = learnt_of_pairs(plan_of(prefix="sum:"), Seq2seq(), ROWS, tokenizer(form=FORMS["t5"]))
    assert found.sample == [("sum: a b c </s>\n", False), ("b </s>", True)]
    assert (found.rows, found.learnt, found.tokens, found.cut) == (2, 2 + 7, 2 + 7 + 5 + 3, 0)
    assert found.problem() is None and found.warnings() == [] and found.pairs
    assert found.data()["sample"][1] == {"text": "b </s>", "learnt": True}


def test_targets_that_lose_their_end_are_counted() -> None:
    found = learnt_of_pairs(plan_of(target_length=4), Seq2seq(), ROWS, tokenizer(form=FORMS["t5"]))
    (told,) = found.warnings()
    assert found.cut == 1 and told["code"] == "learnt.target_cut" and told["fields"]["share"] == "50.0%"
    assert "seq2seq.target_length" in told["message"]
