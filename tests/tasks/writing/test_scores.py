"""Metrics of written texts, against sacrebleu and rouge-score, by hand, and at their edges."""

from __future__ import annotations

import math
import re
import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest
import sacrebleu
from numpy.testing import assert_allclose
from rouge_score.rouge_scorer import RougeScorer

from tunebook.core.formatting import metric_name
from tunebook.core.messages import has_words
from tunebook.core.metric import Metric, intervals, scores
from tunebook.core.nouns import Labels
from tunebook.core.written import Written, texts_of
from tunebook.tasks.writing import likelihood
from tunebook.tasks.writing.matching import longest_part, pieces, plain
from tunebook.tasks.writing.overlap import bleu, chrf, common
from tunebook.tasks.writing.scores import WRITTEN
from tunebook.tasks.writing.texts import Texts, by_row
from tunebook.tasks.writing.tokens import bleu_words, rouge_words, spaced
from tunebook.tasks.writing.variety import distinct

LABELS = Labels(problem="regression")  # no metric of texts asks what kind they are
BY_KEY = {metric.key: metric for metric in WRITTEN}
ENGLISH = ["the", "cat", "sat", "on", "mats,", "dogs", "3.14", "1,000", "don't", "U.S.", "&amp;", "it-is", "The", "(x)"]
CHINESE = [*"我们喜欢在北京吃饭，今天天气很好。", "iPhone", "１２", "😀", " ", "abc"]


def texts(words: list[str], between: str, rows: int, seed: int, most: int = 14) -> list[str]:
    rng = np.random.default_rng(seed)
    return [between.join(rng.choice(words, rng.integers(0, most))) for _ in range(rows)]


def answers(said: list[str], figures: Any = None) -> Any:
    known = np.tile([2.0, 4, 3, np.nan, 1, 5], (len(said), 1)) if figures is None else np.asarray(figures, dtype=float)
    return Written(said, known.astype(np.float32)).matrix()


def value(key: str, said: list[str], true: list[str]) -> float:
    metric = BY_KEY[key]
    return metric.value(metric.rows(answers(said), texts_of(true), LABELS))


PAIRS = {
    "english": (texts(ENGLISH, " ", 80, 0), texts(ENGLISH, " ", 80, 1)),
    "chinese": (texts(CHINESE, "", 80, 2), texts(CHINESE, "", 80, 3)),
    "short": (["好", "你好", "", "天"], ["好", "您好", "天", ""]),
    "alike": (["the same text, twice.", "再见"], ["the same text, twice.", "再见"]),
    "apart": (["a b c d e"], ["v w x y z"]),
    "silent": (["", ""], ["a word", "两个词"]),
    "too short": (["a b", "c"], ["a c", "c d"]),
}


@pytest.mark.parametrize("name", PAIRS)
def test_bleu_by_characters_and_chrf_are_those_of_sacrebleu(name: str) -> None:
    said, true = PAIRS[name]
    bleu = sacrebleu.BLEU(tokenize="char", effective_order=True).corpus_score(said, [true]).score
    assert_allclose(100 * value("bleu_4/chars", said, true), bleu, atol=1e-9)
    assert_allclose(100 * value("chrf", said, true), sacrebleu.CHRF().corpus_score(said, [true]).score, atol=1e-9)


@pytest.mark.parametrize("name", ["english", "alike", "apart", "too short"])
def test_bleu_by_words_is_that_of_sacrebleu(name: str) -> None:
    said, true = ([text for text in side if text.isascii()] for side in PAIRS[name])
    bleu = sacrebleu.BLEU(tokenize="13a", effective_order=True).corpus_score(said, [true]).score
    assert_allclose(100 * value("bleu_4/words", said, true), bleu, atol=1e-9)
    if name == "english":  # with a run of four tokens somewhere the defaults are the same
        assert_allclose(sacrebleu.corpus_bleu(said, [true]).score, bleu, atol=1e-9)


def test_bleu_of_chinese_words_is_that_of_words_between_blanks() -> None:
    said, true = PAIRS["chinese"]
    parts = [[" ".join(bleu_words(text)) for text in side] for side in (said, true)]
    bleu = sacrebleu.BLEU(tokenize="none", force=True, effective_order=True).corpus_score(parts[0], [parts[1]]).score
    assert_allclose(100 * value("bleu_4/words", said, true), bleu, atol=1e-9)
    assert bleu_words("我们喜欢iPhone，很好。") == ["我们", "喜欢", "iPhone，", "很", "好", "。"]
    assert spaced("plain text") == "plain text"


def test_a_short_chinese_text_that_is_right_scores_1_where_the_default_of_sacrebleu_is_0() -> None:
    assert value("bleu_4/chars", ["好的"], ["好的"]) == 1.0
    assert sacrebleu.BLEU(tokenize="char").corpus_score(["好的"], [["好的"]]).score == 0.0


def test_rouge_by_words_is_that_of_rouge_score() -> None:
    said, true = PAIRS["english"]
    oracle = RougeScorer(["rougeL"])
    each = [oracle.score(one, other)["rougeL"].fmeasure for one, other in zip(true, said, strict=True)]
    assert_allclose(BY_KEY["rouge_l/words"].rows(answers(said), texts_of(true), LABELS), each, atol=1e-9)


def test_rouge_by_characters_is_that_of_rouge_score_with_their_tokens() -> None:
    class Characters:
        def tokenize(self, text: str) -> list[str]:
            return [sign for sign in text.lower() if not sign.isspace()]

    said, true = PAIRS["chinese"]
    oracle = RougeScorer(["rougeL"], tokenizer=Characters())
    each = [oracle.score(one, other)["rougeL"].fmeasure for one, other in zip(true, said, strict=True)]
    assert_allclose(BY_KEY["rouge_l/chars"].rows(answers(said), texts_of(true), LABELS), each, atol=1e-9)


def test_rouge_keeps_the_letters_that_rouge_score_drops() -> None:
    assert rouge_words("Häuser 我们喜欢, ok_1") == ["häuser", "我们", "喜欢", "ok", "1"]
    assert RougeScorer(["rougeL"]).score("我们喜欢", "我们喜欢")["rougeL"].fmeasure == 0
    assert value("rouge_l/words", ["我们喜欢"], ["我们喜欢"]) == 1.0
    assert value("rouge_l/words", ["我们讨厌"], ["我们喜欢"]) == 0.5


@pytest.mark.parametrize(
    ("said", "true", "exact", "f1"),
    [
        ("The Cat!", "a cat", 1, 1),
        ("the big cat", "cat", 0, 2 / 3),
        ("cat cat", "cat dog", 0, 0.5),
        ("", "cat", 0, 0),
        ("the", "...", 1, 1),  # nothing is left of both
        ("《北京》", "北京。", 1, 1),
        ("在北京大学", "北京", 0, 4 / 7),
        ("北方京城", "北京", 0, 2 / 6),  # not one after the other: the longest part is one sign
        ("iPhone 手机", "IPHONE手机", 0, 1),
        ("２０年", "20年", 0, 1 / 2),
        ("", "北京", 0, 0),
        ("😀", "😀", 1, 1),
    ],
)
def test_exact_match_and_f1_by_the_rules_of_squad_and_cmrc(said: str, true: str, exact: float, f1: float) -> None:
    assert value("exact_match", [said], [true]) == exact
    assert value("f1", [said], [true]) == pytest.approx(f1)


def test_figures_are_told_by_token_and_by_character() -> None:
    said, true = ["", ""], ["four", "of"]
    figures = [[6.0, 3, 2, np.nan, 1, 4], [2.0, 1, 0, np.nan, 0, 9]]
    found = scores(WRITTEN, answers(said, figures), texts_of(true), LABELS)
    assert found["log_likelihood"] == -2.0
    assert found["perplexity"] == pytest.approx(math.exp(2))
    assert found["bits_per_character"] == pytest.approx(8 / 6 / math.log(2))
    assert found["next_token_accuracy"] == 0.5
    assert found["stopped"] == 0.5
    ends = intervals(WRITTEN, answers(said, figures), texts_of(true), LABELS)
    assert ends["perplexity"].value == pytest.approx(math.exp(-ends["log_likelihood"].value))
    assert ends["perplexity"].low == pytest.approx(math.exp(-ends["log_likelihood"].high))


def test_characters_of_an_answer_that_was_not_shown_are_not_counted() -> None:
    found = scores(
        WRITTEN,
        answers(["", ""], [[6.0, 3, 2, np.nan, 1, 4], [0.0, 0, 0, np.nan, 1, 1]]),
        texts_of(["four", "lost"]),
        LABELS,
    )
    assert found["bits_per_character"] == pytest.approx(6 / 4 / math.log(2))


def test_characters_that_were_shown_count_where_they_are_known() -> None:
    shown = [[6.0, 3, 2, 2, 1, 4], [2.0, 1, 0, 9, 0, 9]]  # a part of an answer, and several answers
    found = scores(WRITTEN, answers(["", ""], shown), texts_of(["four", "of"]), LABELS)
    assert found["bits_per_character"] == pytest.approx(8 / 11 / math.log(2))


def test_variety_is_counted_by_runs_of_tokens() -> None:
    said = ["a b c d a b c d", "我们我们", "", "a b c"]
    parts = BY_KEY["repetition"].rows(answers(said), texts_of([""] * 4), LABELS)
    assert_allclose(parts, [1 / 5, 0, 0, 0])  # 5 runs of four words, of which "a b c d" stands twice
    tokens = [re.findall("[我们]|[a-d]", text) for text in said]
    for width, key in ((1, "distinct_1"), (2, "distinct_2")):
        runs = Counter(tuple(t[i : i + width]) for t in tokens for i in range(len(t) - width + 1))
        assert value(key, said, said) == pytest.approx(len(runs) / runs.total())


def test_what_a_row_moves_the_distinct_ones_is_what_is_lost_without_it() -> None:
    said, true = PAIRS["chinese"]
    metric, count = BY_KEY["distinct_2"], len(said)
    parts = metric.rows(answers(said), texts_of(true), LABELS)
    without = [value("distinct_2", said[:row] + said[row + 1 :], true[1:]) for row in range(count)]
    whole = value("distinct_2", said, true)
    assert_allclose(parts[:, 0], whole + (count - 1) * (np.mean(without) - without))


def test_length_is_that_of_all_texts_beside_the_true_ones() -> None:
    assert value("length_ratio", ["abcd", ""], ["ab", "cdef"]) == pytest.approx(4 / 6)
    assert BY_KEY["length_ratio"].better == "neither"


def test_a_run_without_a_model_is_as_bad_as_can_be_and_never_without_a_score() -> None:
    true, lost = texts_of(["a b c d", "好的"]), np.full((2, 9), np.nan, dtype=np.float32)
    found = scores(WRITTEN, lost, true, LABELS)
    assert found.pop("repetition") == 1.0
    assert found.pop("log_likelihood") == pytest.approx(-likelihood.GUESS)
    assert found.pop("perplexity") == pytest.approx(0x110000)
    assert found.pop("bits_per_character") == pytest.approx(math.log2(0x110000))
    assert set(found.values()) == {0.0}


def test_what_was_not_written_or_not_shown_has_no_score() -> None:
    looked = scores(WRITTEN, answers(["", ""], [[6.0, 3, 2, np.nan, np.nan, np.nan]] * 2), texts_of(["a", "b"]), LABELS)
    figures = {"log_likelihood", "perplexity", "bits_per_character", "next_token_accuracy"}
    assert {key for key, one in looked.items() if not math.isnan(one)} == figures
    shown = answers(["a", "c"], [[np.nan, np.nan, np.nan, np.nan, 1, 1]] * 2)
    written = scores(WRITTEN, shown, texts_of(["a", "b"]), LABELS)
    assert {key for key, one in written.items() if math.isnan(one)} == figures
    ends = intervals(WRITTEN, shown, texts_of(["a", "b"]), LABELS)
    assert set(ends) == set(written) - figures


@pytest.mark.parametrize("shape", [(3, 9), (2, 6), (2,)])
def test_other_rows_are_refused(shape: tuple[int, ...]) -> None:
    for metric in WRITTEN:
        with pytest.raises(ValueError, match="cannot be scored"):
            metric.rows(np.zeros(shape, dtype=np.float32), texts_of(["a", "b"]), LABELS)


def test_the_score_of_some_rows_is_that_of_these_alone() -> None:
    said, true = PAIRS["chinese"]
    rows = np.arange(40)
    for metric in WRITTEN:
        if metric.key.startswith("distinct"):
            continue
        some = metric.scorer(metric.rows(answers(said), texts_of(true), LABELS))(rows)
        alone = metric.value(metric.rows(answers(said[:40]), texts_of(true[:40]), LABELS))
        assert some == pytest.approx(alone), metric.key


def test_intervals_hold_the_value_and_follow_groups() -> None:
    said, true = (side * 3 for side in PAIRS["english"])
    packed, targets = answers(said), texts_of(true)
    groups = np.tile(np.arange(80), 3)
    alone, grouped = (intervals(WRITTEN, packed, targets, LABELS, which) for which in (None, groups))
    assert set(alone) == set(BY_KEY) == set(grouped)
    for key, ends in alone.items():
        assert ends.low <= ends.value <= ends.high, key
    for key in ("bleu_4/words", "chrf", "rouge_l/words"):  # rows that stand three times say no more than once
        wide, narrow = (each[key].high - each[key].low for each in (grouped, alone))
        assert 1.4 < wide / narrow < 2.1, key


def test_each_has_a_name_and_a_direction() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for metric in WRITTEN:
            assert has_words(f"metric.{metric.key}")
            assert metric_name(metric.key) != metric.key
    assert WRITTEN[0].key == "log_likelihood"
    assert {metric.key for metric in WRITTEN if metric.better == "less"} == {
        "perplexity",
        "bits_per_character",
        "repetition",
    }
    assert isinstance(WRITTEN[0], Metric)


def test_parts_by_brute_force() -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        one, two = ("".join(rng.choice([*"abc"], rng.integers(0, 9))) for _ in range(2))
        inside = {one[i:j] for i in range(len(one)) for j in range(i, len(one) + 1)}
        assert longest_part(one, two) == max((len(part) for part in inside if part in two), default=0)
        longest = [[0] * (len(two) + 1) for _ in range(len(one) + 1)]
        for i, first in enumerate(one):
            for j, second in enumerate(two):
                more = longest[i][j] + 1 if first == second else max(longest[i][j + 1], longest[i + 1][j])
                longest[i + 1][j + 1] = more
        assert common(one, two) == longest[-1][-1]


def test_texts_are_made_plain_by_their_rules() -> None:
    assert plain(" The  U.S.A., an ally") == "usa ally"
    assert pieces("《北京》 2008年Olympic Games") == ["北", "京", "2008", "年", "olympic", "games"]


def test_sums_of_nothing_score_0_and_several_at_once_as_alone() -> None:
    assert bleu(np.zeros(10)) == 0 and chrf(np.zeros(18)) == 0
    said, true = PAIRS["english"]
    for key in ("bleu_4/words", "chrf"):
        metric = BY_KEY[key]
        parts = np.asarray(metric.rows(answers(said), texts_of(true), LABELS))
        assert metric.fold is not None
        both = metric.fold(np.stack([parts.sum(0), parts[:9].sum(0)]))
        assert_allclose(both, [metric.fold(parts.sum(0)), metric.fold(parts[:9].sum(0))])


def test_a_score_of_a_row_is_asked_only_of_rows_that_have_a_text() -> None:
    lost = np.vstack([answers(["a"]), np.full((1, 8), np.nan, dtype=np.float32)])
    true = texts_of(["a", "b"])
    found = Texts.of(lost, true)
    assert found.lost.tolist() == [False, True] and not found.unasked.any()
    assert by_row(lambda said, true: 1.0)(lost, true, LABELS).tolist() == [1.0, 0.0]
    assert distinct(1, lost, true, LABELS).sum(0).tolist() == [2.0, 2.0]
