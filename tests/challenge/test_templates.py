"""Templates: what they make, whose labels they take, what is refused; which labels are two sentiments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tunebook.challenge.own_templates import OWN
from tunebook.challenge.sentiment import Sentiment, sentiment_of
from tunebook.challenge.templates import Template, Templates, expanded, filled, read_templates
from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef, Labels, Roles
from tunebook.data.cleaning import chosen_rules

SIDES = Sentiment(positive="good", negative="bad")


def data(problem: str = "single_label", pair: str | None = None) -> DataRef:
    stats: dict[str, Any] = {"cleaning": {"rules": chosen_rules()}, "language": "en"}
    labels = Labels(problem=problem, names=["bad", "good"])
    roles = Roles(text="text", text_pair=pair)
    return DataRef(path=Path(), sources={}, roles=roles, labels=labels, rows={}, content="", stats=stats)


def test_slots_are_filled_in_all_ways_and_the_same_slot_alike() -> None:
    found = filled("{a} and {b} and {a}", {"a": ["1", "2"], "b": ["x"], "c": ["y"]})
    assert found == ["1 and x and 1", "2 and x and 2"]


def test_rows_are_drawn_and_labelled() -> None:
    made = Templates(
        template=[
            Template(text="{n} is fine", label="positive", capability="plain"),
            Template(text="{n} is not", label="bad", capability="plain"),
            Template(text="one", label="good", capability="other"),
        ],
        slots={"n": [f"w{number}" for number in range(100)]},
    )
    found = expanded(made, data(), SIDES, 0)
    assert {name: len(rows) for name, rows in found.items()} == {"plain": 60, "other": 1}
    rows = found["plain"]
    assert rows.targets is not None
    assert all((text.endswith("fine")) == bool(code) for text, code in zip(rows.texts, rows.targets, strict=True))
    assert len(set(rows.texts)) == 60
    assert list(expanded(made, data(), SIDES, 0)["plain"].texts) == list(rows.texts)
    assert list(expanded(made, data(), SIDES, 1)["plain"].texts) != list(rows.texts)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        '[[template]]\ntext = "{a} it"\nlabel = "good"\ncapability = "plain"\n[slots]\na = ["love"]\n', encoding="utf-8"
    )
    assert list(expanded(read_templates(path), data(), None, 0)["plain"].texts) == ["love it"]


@pytest.mark.parametrize(
    "text",
    [
        "[[template]]\ntext = 'a'\n",
        "not toml at all",
        "",
        "[[template]]\ntext = '{a}'\nlabel = 'good'\ncapability = 'x'\n",
        "template = []",
    ],
)
def test_a_file_that_cannot_be_used(text: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"challenge\.templates"):
        read_templates(path)
    with pytest.raises(DataError, match=r"challenge\.templates"):
        read_templates(tmp_path / "none.toml")


def test_labels_and_tasks_that_do_not_fit() -> None:
    one = Templates(template=[Template(text="a", label="positive", capability="x")])
    with pytest.raises(DataError, match=r"challenge\.template_label"):
        expanded(one, data(), None, 0)
    for other in (data("multi_label"), data(pair="second")):
        with pytest.raises(DataError, match=r"challenge\.template_task"):
            expanded(one, other, SIDES, 0)


@pytest.mark.parametrize("language", OWN)
def test_our_own_say_two_sentiments(language: str) -> None:
    found = expanded(OWN[language], data(), SIDES, 0)
    assert len(found) == 5
    for rows in found.values():
        assert len(rows) >= 20
        assert "{" not in "".join(rows.texts)


def test_sentiments_by_name_and_told() -> None:
    def labels(*names: str, problem: str = "single_label") -> Labels:
        return Labels(problem=problem, names=list(names))

    assert sentiment_of(labels("Neg", "Pos"), {}) == Sentiment(positive="Pos", negative="Neg")
    assert sentiment_of(labels("差评", "好评"), {}) == Sentiment(positive="好评", negative="差评")
    assert sentiment_of(labels("0", "1"), {}) is None
    assert sentiment_of(labels("neg", "other"), {}) is None
    told = sentiment_of(labels("0", "1", "2"), {"positive": "2", "negative": "0"})
    assert told == Sentiment(positive="2", negative="0")
    assert told.number("positive", labels("0", "1", "2")) == 2
    assert sentiment_of(labels("neg", "pos", problem="multi_label"), {}) is None


@pytest.mark.parametrize(
    "given", [{"positive": "1"}, {"positive": "1", "negative": "1"}, {"good": "1"}, {"positive": "7", "negative": "0"}]
)
def test_sentiments_that_are_none(given: dict[str, str]) -> None:
    with pytest.raises(DataError, match=r"challenge\.sentiment"):
        sentiment_of(Labels(problem="single_label", names=["0", "1"]), given)


def test_of_millions_of_texts_some_are_drawn() -> None:
    words = [f"w{number}" for number in range(60)]
    found = filled("{a} {b} {c} {d} {a}", dict.fromkeys("abcd", words))
    assert 9_000 < len(found) == len(set(found)) <= 10_000 and found == filled(
        "{a} {b} {c} {d} {a}", dict.fromkeys("abcd", words)
    )
    assert all(text.split()[0] == text.split()[4] for text in found)
