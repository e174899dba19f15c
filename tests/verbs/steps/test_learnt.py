"""What of conversations is learnt, and how a row is shown with its parts."""

from __future__ import annotations

import io
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest
from rich.console import Console

from tests import chats
from tests.data.test_chat_rows import jsonl, openai, prepared, rows_of
from tunebook.cli.check import _tell_sample, learnt_text
from tunebook.core.chat import Chat, question
from tunebook.core.nouns import Labels
from tunebook.core.params import Params
from tunebook.models.chat_template import REASONS, Rendered, render, with_template
from tunebook.tasks.seq2seq import Seq2seq
from tunebook.verbs.steps import learnt as steps
from tunebook.verbs.steps.learnt import Learnt, learnt_of, parts_of, reasons_text, remaining, seen_of, taught

SHORT = Chat.of(("user", "今天?"), ("assistant", "yes"))
TWO = Chat.of(("user", "yes?"), ("assistant", "no"), *((turn.role, turn.content) for turn in SHORT.turns))
LONG = question("no?").answered("yes " * 40)
HOW: dict[str, Any] = {"learn": "all", "cut": "drop", "max_length": 30}
WORDS = (
    "<|im_start|>user\nyes?<|im_end|>\n<|im_start|>assistant\n",
    "no<|im_end|>",
    "\n<|im_start|>user\n今天?<|im_end|>\n<|im_start|>assistant\n",
    "yes<|im_end|>",
    "\n",
)


def reader() -> Any:
    return with_template(chats.byte_level(("<|endoftext|>", "<|im_start|>", "<|im_end|>")), "chatml")


def test_a_row_in_its_parts() -> None:
    tokenizer = reader()
    row = render(TWO, tokenizer, max_length=500)
    assert isinstance(row, Rendered)
    assert parts_of(row, tokenizer) == list(zip(WORDS, (False, True, False, True, False), strict=True))


def test_figures() -> None:
    tokenizer = reader()
    found = seen_of([SHORT, LONG, question("no?")], tokenizer, HOW)
    whole = render(SHORT, tokenizer, max_length=30)
    assert isinstance(whole, Rendered)
    assert (found.rows, found.tokens, found.learnt) == (3, len(whole.input_ids), sum(whole.learnt))
    assert found.refused == {"cut": 1, "nothing_learnt": 1} and found.without == 2
    assert "".join(text for text, _ in found.sample) == tokenizer.decode(whole.input_ids)
    data = found.data()
    assert (data["rows_without"], data["cut_share"], data["sample"][1]["learnt"]) == (2, 0.0, True)
    assert data["left_out_share"] == 2 / 3
    marked = seen_of([LONG, TWO], tokenizer, {**HOW, "cut": "mark", "max_length": 30})
    assert (marked.cut, marked.shortened, marked.without) == (1, 1, 0)
    assert [item["code"] for item in marked.warnings()] == ["learnt.cut"]


def test_too_many_rows_without_anything_to_learn_are_refused() -> None:
    few = Learnt(100, 900, 500, {"cut": 3, "template": 1}, 0, 0, [])
    assert few.problem() is None
    assert [(item["code"], item["fields"]["share"]) for item in few.warnings()] == [("learnt.without", "4.0%")]
    assert reasons_text(few.refused).endswith(": 3; the chat template refuses them: 1")
    many = Learnt(100, 900, 500, {"cut": 51}, 0, 0, [])
    problem = many.problem()
    assert problem is not None and problem.code == "learnt.nothing" and "51.0%" in problem.message
    assert "cut = mark" not in problem.advice  # it is set already
    dropped = replace(many, mark="instruction.cut").problem()
    assert dropped is not None and "instruction.cut = mark" in dropped.advice
    assert Learnt(4, 0, 0, {"cut": 4}, 0, 0, [], most=1.0).problem() is not None
    assert Learnt(4, 9, 3, {"cut": 3}, 0, 0, [], most=1.0).problem() is None
    assert many.warnings() == []
    assert Learnt(100, 900, 500, {"cut": 1}, 1, 0, []).warnings() == []
    assert [one["code"] for one in Learnt(100, 900, 500, {}, 0, 0, [], thoughts=2).warnings()] == ["learnt.thoughts"]


def test_a_template_that_opens_no_answer_is_told() -> None:
    tokenizer = chats.byte_level()
    tokenizer.chat_template = "{% for m in messages %}{{ m.role + ': ' + m.content + eos_token }}{% endfor %}"
    (told,) = seen_of([SHORT], with_template(tokenizer), HOW).warnings()
    assert told["code"] == "learnt.header" and "assistant:" in told["message"]
    assert seen_of([SHORT], reader(), HOW).warnings() == []


def test_every_reason_to_refuse_a_conversation_has_words() -> None:
    assert reasons_text(dict.fromkeys(REASONS, 1)).count(": 1") == len(REASONS)


@pytest.mark.parametrize(("colour", "mark"), [("truecolor", "\x1b[1;32mno<|im_end|>"), (None, "⟦no<|im_end|>⟧")])
def test_a_screen_shows_what_is_learnt(colour: Literal["truecolor"] | None, mark: str) -> None:
    found = Learnt(2, 30, 9, {"cut": 1}, 0, 0, list(zip(WORDS, (False, True, False, True, False), strict=True)))
    stream = io.StringIO()
    _tell_sample(Console(file=stream, force_terminal=True, color_system=colour, width=200), found)
    assert mark in stream.getvalue()
    assert learnt_text(found) == "9 of the 30 tokens of 1 rows; 1 of 2 rows teach nothing and are left out"
    some = Learnt(1, 30, 9, {}, 0, 0, [], whole=5)
    assert learnt_text(some) == "9 of the 30 tokens of 1 rows (looked at: 1 of 5)"


class Own(Params):
    """Stands for the rows of a task of conversations."""

    key = "instruction"
    learn: str = "all"
    cut: str = "drop"
    template: str = "chatml"


def test_what_a_plan_learns_of_a_book(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = prepared(jsonl(tmp_path / "rows.jsonl", rows_of(openai)), tmp_path)
    task: Any = SimpleNamespace(own=Own, most_unlearnt=0.4, key="instruction")
    monkeypatch.setattr(steps, "task_of", lambda key: lambda: task)
    monkeypatch.setattr("tunebook.models.source.load_tokenizer", lambda folder: reader())
    params = SimpleNamespace(more=lambda own: own(), max_length=200)
    plan: Any = SimpleNamespace(task="instruction", labels=Labels(problem="written"), params=params)
    found = learnt_of(plan, data, tmp_path)
    assert found is not None and found.rows == data.rows["train"] and found.without == 0 and found.most == 0.4
    assert (found.mark, found.whole) == ("instruction.cut", data.rows["train"])
    monkeypatch.setattr("tunebook.models.source.load_tokenizer", lambda folder: None)
    assert learnt_of(plan, data, tmp_path) == found  # it was kept
    assert taught(task, cast(Any, params), data, tmp_path) == {"left_out_share": 0.0, "cut_share": 0.0}
    assert remaining(data, {"left_out_share": 0.5}).rows["train"] == round(data.rows["train"] / 2)
    assert remaining(data, {"left_out_share": 1.0}).rows["train"] == 1
    pairs: list[Any] = []
    monkeypatch.setattr(steps, "learnt_of_pairs", lambda *told: pairs.append(told) or found)
    monkeypatch.setattr(steps, "task_of", lambda key: Seq2seq)
    plan.task = "seq2seq"
    assert learnt_of(plan, data, tmp_path) is found and len(pairs[0][2]) == data.rows["train"]
    plan.task = "text_classification"
    assert learnt_of(plan, data, tmp_path) is None
