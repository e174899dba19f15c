"""How answers are compared, against the official rules written anew from their definition."""

from __future__ import annotations

import random
import re
import string
from collections import Counter

import pytest

from tunebook.tasks.question_answering.rules import by_characters, scored


def squad(prediction: str, truths: list[str]) -> tuple[float, float]:
    """The evaluation of SQuAD 2.0, step by step."""

    def normal(text: str) -> str:
        text = "".join(sign for sign in text.lower() if sign not in set(string.punctuation))
        return " ".join(re.compile(r"\b(a|an|the)\b", re.UNICODE).sub(" ", text).split())

    def f1(truth: str) -> float:
        gold, said = normal(truth).split(), normal(prediction).split()
        if not gold or not said:
            return float(gold == said)
        same = sum((Counter(gold) & Counter(said)).values())
        if not same:
            return 0.0
        precision, recall = same / len(said), same / len(gold)
        return 2 * precision * recall / (precision + recall)

    gold = [truth for truth in truths if normal(truth)] or [""]
    return max(map(f1, gold)), float(max(normal(truth) == normal(prediction) for truth in gold))


SIGNS = "-:_*^/\\~`+=，。：？！“”；’《》…·、「」（）－～『』"


def cmrc(prediction: str, truths: list[str]) -> tuple[float, float]:
    """That of CMRC 2018, with a regular expression in the place of NLTK."""

    def bare(text: str) -> str:
        return "".join(sign for sign in text.lower().strip() if sign not in SIGNS)

    def segments(text: str) -> list[str]:
        found: list[str] = []
        held = ""
        for sign in text.lower().strip():
            if sign in SIGNS:
                continue
            if "\u4e00" <= sign <= "\u9fa5":
                found += [*re.findall(r"\w+|[^\w\s]", held), sign]
                held = ""
            else:
                held += sign
        return found + re.findall(r"\w+|[^\w\s]", held)

    def longest(one: list[str], other: list[str]) -> int:
        spans = {tuple(one[i:j]) for i in range(len(one)) for j in range(i + 1, len(one) + 1)}
        runs = (other[i:j] for i in range(len(other)) for j in range(i + 1, len(other) + 1))
        return max((len(run) for run in runs if tuple(run) in spans), default=0)

    def f1(truth: str) -> float:
        gold, said = segments(truth), segments(prediction)
        if not gold or not said:
            return float(gold == said)
        same = longest(gold, said)
        if not same:
            return 0.0
        precision, recall = same / len(said), same / len(gold)
        return 2 * precision * recall / (precision + recall)

    truths = truths or [""]
    return max(map(f1, truths)), float(max(bare(truth) == bare(prediction) for truth in truths))


PARTS = (
    *("the", "a", "U.S.", "1,000", "3.5", "ω-force", "Oslo", "oslo", "in an", ".", "don't", "-"),
    *("光荣", "和", "公司", "《战国无双3》", "！", "“", "”", "一九九八", "年", " "),
)


@pytest.mark.parametrize(("characters", "oracle"), [(False, squad), (True, cmrc)])
def test_drawn_answers_score_as_the_official_rules_say(characters, oracle):
    draw = random.Random(0)
    for _ in range(600):
        texts = [
            draw.choice(("", " ")).join(draw.choices(PARTS, k=draw.randint(0, 6))) for _ in range(draw.randint(1, 3))
        ]
        truths = texts[1:] if not characters else [text for text in texts[1:] if set(text.strip()) - set(SIGNS)]
        assert scored(texts[0], truths, characters=characters) == pytest.approx(oracle(texts[0], truths))


@pytest.mark.parametrize(
    ("answer", "true", "characters", "f1", "exact"),
    [
        ("The U.S.", ["us"], False, 1, 1),
        ("in Oslo", ["Oslo", "oslo town"], False, 2 / 3, 0),
        ("", [], False, 1, 1),
        ("", ["Oslo"], False, 0, 0),
        ("Oslo", [], False, 0, 0),
        ("", [], True, 1, 1),
        ("光荣公司", ["《光荣》"], True, 2 * 2 / 6, 0),
        ("光荣！", ["光荣"], True, 1, 1),
        ("光荣和公司", ["光荣公司"], True, 2 * 2 / 9, 0),  # one run, where a bag would have four of them
    ],
)
def test_examples(answer, true, characters, f1, exact):
    assert scored(answer, true, characters=characters) == pytest.approx((f1, exact))


def test_the_context_says_which_rules_hold():
    assert by_characters("光荣和ω-force开发的") and by_characters("ゲームです")
    assert not by_characters("a text that names 光荣 once") and not by_characters("")
