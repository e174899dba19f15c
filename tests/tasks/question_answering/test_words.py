"""What users read of answers: places in their own text, sections, mistakes, lines of a card; and cheap answers."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests import small
from tests.tasks.question_answering import made
from tunebook.bundle.said import ALWAYS, Said
from tunebook.core.answers import Rows
from tunebook.core.extracts import Extract, packed
from tunebook.core.hooks import BaselineInput
from tunebook.core.nouns import Labels, Report
from tunebook.data.clean import clean_text, clean_with_places
from tunebook.tasks.question_answering import QuestionAnswering
from tunebook.tasks.question_answering.baselines import nothing, sentences, windows, words
from tunebook.tasks.question_answering.parts import PARTS, asked, parts_of
from tunebook.tasks.question_answering.rows import AnswerRows

TASK = QuestionAnswering()
LABELS = made.LABELS
CONTEXT = "Anna went to New York. Ben stayed."
TARGETS = packed([Extract(CONTEXT, [(0, 4)]), Extract(CONTEXT, [])])
ROWS = Rows(["who went?", "when did she go?"], [CONTEXT] * 2, TARGETS, ["a", "b"])


def answers(*rows: tuple[float, list[tuple[int, int, float]]], threshold: float = 0.0) -> np.ndarray:
    found = [np.array(places, dtype=float).reshape(-1, 3) for _, places in rows]
    margins = np.array([margin for margin, _ in rows])
    return Said(margins, np.full(len(rows), threshold), np.ones(len(rows)), found).matrix()


GIVEN = answers((1.0, [(0, 4, 2.0), (23, 26, 1.0)]), (-1.0, [(13, 21, 1.0)]))


def test_an_answer_has_its_words_its_place_its_chance_and_what_came_next() -> None:
    one, none = TASK.say(GIVEN, ROWS, LABELS)
    shares = np.exp([2.0, 1.0, 1.0]) / np.exp([2.0, 1.0, 1.0]).sum()
    assert (one["answer"], one["start"], one["end"], one["score"]) == ("Anna", 0, 4, pytest.approx(shares[0]))
    assert [other["answer"] for other in one["others"]] == ["Ben"]
    assert (none["answer"], none["start"], none["end"]) == ("", None, None)
    assert none["score"] == pytest.approx(np.e / (1 + np.e)) and none["others"][0]["answer"] == "New York"
    lost = TASK.say(np.full((2, 7), np.nan, dtype=np.float32), ROWS, LABELS)[0]
    assert lost == TASK.blank(LABELS)
    assert TASK.true(ROWS.targets, ROWS, LABELS) == [[{"answer": "Anna", "start": 0, "end": 4}], []]


def test_a_place_is_that_in_the_text_that_was_given() -> None:
    raw = "<b>Anna</b>  went to&nbsp;Ｎｅｗ Ｙｏｒｋ."
    rules = ("html", "width", "space")
    clean, _ = clean_with_places(raw, rules)
    back = partial(lambda start, end: clean_with_places(raw, rules)[1].given(start, end))
    rows = Rows(["who?"], [clean], None, ["a"], raw_pairs=[raw], pair_back=[back])
    start = clean.index("New York")
    (found,) = TASK.say(answers((1.0, [(start, start + 8, 1.0)])), rows.at([0]), LABELS)
    assert found["answer"] == "Ｎｅｗ Ｙｏｒｋ" == raw[found["start"] : found["end"]]
    assert clean == clean_text(raw, rules) and rows.place(0, 0, 3) == (0, 3, "who")
    assert Rows(["a"], None, None, ["a"]).pair_place(0, 0, 1) == (0, 1, "")


def test_what_is_asked_for_changes_an_answer() -> None:
    one, none = TASK.say(GIVEN, ROWS, LABELS)
    assert TASK.narrow(one, 1, None)[0]["others"] == [] and TASK.narrow(one, 2, None) == (one, False)
    low, rejected = TASK.narrow(one, None, 0.99)
    assert rejected and low["answer"] == "" and low["start"] is None
    assert TASK.narrow(none, None, 0.99) == (none, False)


def test_an_answer_on_one_line() -> None:
    one, none = TASK.say(GIVEN, ROWS, LABELS)
    assert (TASK.brief(one).label, TASK.brief(one).beside.split()[0]) == ("Anna", "Ben")
    assert TASK.brief(one, 0).beside == "" and TASK.brief(none).label == "(no answer)"
    assert TASK.brief(TASK.blank(LABELS)).score == ""
    assert (
        TASK.shown([{"answer": "a"}, {"answer": "b"}, {"answer": "a"}]) == "a | b" and TASK.shown([]) == "(no answer)"
    )


def test_mistakes_are_shown_amid_the_context_the_surest_first() -> None:
    records = [
        {"id": "1", "text": "q", "pair": CONTEXT, "true": true, **said}
        for true, said in zip(TASK.true(ROWS.targets, ROWS, LABELS), TASK.say(GIVEN[::-1], ROWS, LABELS), strict=True)
    ]
    first, second = (TASK.badness(record, LABELS) for record in records)
    assert first == pytest.approx(1 + records[0]["score"]) and second == pytest.approx(1 + records[1]["score"])
    right = {"true": [{"answer": "the Anna", "start": 9, "end": 17}], **TASK.say(GIVEN, ROWS, LABELS)[0]}
    assert TASK.badness(right, LABELS) is None  # by words, wherever they stand
    rows = TASK.mistakes(records, LABELS).rows
    assert "…[Anna] went to New York. Ben stayed.…" in str(rows[0][4])
    assert str(rows[1][4]).count("[") == 1 and rows[1][2] == "(no answer)"


def test_a_page_tells_how_good_answers_are_by_kind_of_question() -> None:
    detail = TASK.detail(GIVEN, ROWS, LABELS)
    by = detail["extra"]["answers_by"]
    assert [(one["part"], one["rows"], one["f1"]) for one in by["asked"]] == [("when", 1, 1.0), ("who", 1, 1.0)]
    assert [one["part"] for one in by["length"]] == ["1_short", "5_none"] and len(by["position"]) == 1
    assert detail["extra"]["read"] == {"windows": 0, "threshold": 0.0}
    always = TASK.detail(answers((1.0, [(0, 4, 2.0)]), (1.0, [(0, 4, 1.0)]), threshold=ALWAYS), ROWS, LABELS)
    assert always["extra"]["read"]["threshold"] is None
    report = Report(run="r", split="test", rows=2, content="c", headline="f1", metrics={}, **detail)
    assert [len(section.rows) for section in TASK.sections(report, LABELS)] == [2, 2, 1]
    assert TASK.sections(report.model_copy(update={"extra": {}}), LABELS) == []


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many rooms?", "how_many"), ("有多少人？", "how_many"), ("为什么下雨？", "why"),
        ("How is it done?", "how"),
        ("哪一年出生？", "when"), ("Where is it?", "where"), ("是谁写的？", "who"), ("Which one?", "which"),
        ("这是什么？", "thing"), ("Name it.", "other"), ("Somehow whose?", "who"),
    ],
)  # fmt: skip
def test_a_question_word_says_what_is_asked(question: str, kind: str) -> None:
    assert asked(question) == kind


def test_parts_of_rows_are_by_the_answer_that_is_learnt() -> None:
    context = "x" * 90
    rows = Rows(
        ["a"] * 4,
        [context] * 4,
        packed([Extract(context, [place]) for place in [(0, 5), (30, 45), (60, 90), (1, 60)]]),
        list("abcd"),
    )
    parts = parts_of(rows)
    assert set(parts) == set(PARTS)
    assert parts["length"] == ["1_short", "2_medium", "3_long", "4_longest"]
    assert parts["position"] == ["1_first", "2_second", "3_third", "1_first"]


def test_the_lines_of_a_card_find_what_tunebook_finds(tmp_path, capsys) -> None:
    torch.manual_seed(0)
    folder = small.base_model(tmp_path)
    params = small.filled(**{"question_answering.max_answer": 3})
    model = TASK.build(folder, Labels(problem="answers", low=1.0, high=1.0), params).eval()
    tokenizer = small.tokenizer()
    rows = made.rows(1)
    code = "\n".join(TASK.snippet(LABELS, params, pairs=True)).replace(
        'question, context = "...", "..."', f"question, context = {rows.texts[0]!r}, {rows.pairs[0]!r}"
    )
    exec(code, {"model": model, "tokenizer": tokenizer})
    with torch.no_grad():
        batch = TASK.collate(TASK.encode(rows, tokenizer, 40), [0], 0)
        outputs = model(**{name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids")})
        said = TASK.say(TASK.read(outputs, batch, model).numpy(), rows, LABELS)
    assert capsys.readouterr().out.startswith(f"{said[0]['answer']} ")
    assert AnswerRows().max_answer == 50 and model.config.max_answer_tokens == 3 and model.config.null_threshold is None
    assert len(TASK.card_notes(LABELS)) == 2 and len(TASK.card_notes(Labels(problem="answers", low=1.0))) == 1


TEXTS = ["Anna went to New York. Ben stayed at home. It was May.", "安娜去了纽约。本留在家里。那是五月。", ""]
ASKED = Rows(
    ["where did Ben stay?", "本留在哪里？", "what?"],
    TEXTS,
    packed([Extract(TEXTS[0], [(34, 41)]), Extract(TEXTS[1], [(9, 11)]), Extract("", [])]),
    list("abc"),
)


def test_the_sentence_that_shares_most_is_the_answer() -> None:
    places = Said.of(sentences(ASKED, ASKED)).places()
    assert [None if place is None else text[slice(*place)] for text, place in zip(TEXTS, places, strict=True)] == [
        "Ben stayed at home.", "本留在家里。", None,
    ]  # fmt: skip


def test_the_window_stands_beside_what_it_shares_and_is_as_wide_as_answers_are() -> None:
    places = Said.of(windows(ASKED, ASKED)).places()
    assert places[2] is None
    for text, place in zip(TEXTS[:2], places[:2], strict=True):
        assert place is not None and 1 <= len(list(words(text[slice(*place)]))) <= 2
    assert [word for word, _, _ in words("Ben's 家 A1")] == ["ben", "s", "家", "a1"]


def test_baselines_say_nothing_only_where_that_may_be_right() -> None:
    assert Said.of(nothing(ASKED)).places() == [None] * 3
    for low, names in ((0.0, {"sentence", "window", "no_answer"}), (1.0, {"sentence", "window"})):
        plan = SimpleNamespace(labels=Labels(problem="answers", low=low, high=1.0))
        given = BaselineInput(plan, None, "test", {"train": ASKED, "test": ASKED}, None)  # type: ignore[arg-type]
        found = TASK.baselines(given)
        assert set(found) == names and all(len(ask()) == 3 for ask in found.values())
