"""The page and the picture of explanations."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.nouns import Interval
from tunebook.explain.records import CUT, ROUGH, Curve, Explanation, Explanations, Faithful, Part, Unit
from tunebook.report import explain as page
from tunebook.report.explain import (
    Stretch,
    faithful_view,
    lacks_font,
    notes,
    stretches,
    verdict,
    write_page_of,
    write_png,
)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")


def item(text: str = "not <b>good", more: str = "") -> Explanation:
    units = [Unit(part="text", start=0, end=3, text="not", value=-2.0)]
    units += [Unit(part="text", start=7, end=11, text="good", value=1.0)]
    parts = [Part(name="text", text=text), *([Part(name="pair", text=more)] if more else [])]
    return Explanation(
        row="r1", parts=parts, said="bad $x$", true="good", score=1.0, chance=0.731, units=units, delta=0.01, steps=32,
        notes=[CUT, ROUGH], unread=7,
    )  # fmt: skip


def curve(low: float, high: float, name: str = "occlusion") -> Curve:
    gain = Interval(value=(low + high) / 2, low=low, high=high)
    one = Interval(value=0.5, low=0.4, high=0.6)
    return Curve(
        method=name, deletion=one, insertion=one, deletion_gain=gain, insertion_gain=gain, deleted=[1, 0.5],
        inserted=[0.5, 1],
    )  # fmt: skip


def measured() -> Faithful:
    curves = [curve(0.1, 0.2), curve(-0.1, 0.2, "attention_rollout"), curve(-0.2, -0.1, "random")]
    return Faithful(
        split="validation", rows=9, by="word", orders=5, level=0.99, shares=[0, 1], chance=True,
        random_deleted=[1, 0.4], random_inserted=[0.4, 1], curves=curves,
    )  # fmt: skip


def test_a_text_is_marked_by_strength_and_nothing_of_it_is_lost() -> None:
    text = "not <b>good"
    found = stretches("text", text, item().units)
    assert "".join(part.text for part in found) == text
    assert found[0] == Stretch("not", "n5", "not: -2.000") and found[2].mark in ("p2", "p3")
    assert stretches("pair", "abc", item().units) == [Stretch("abc")]
    same = [Unit(part="text", start=0, end=2, text="ab", value=0), Unit(part="text", start=1, end=2, text="b", value=0)]
    assert stretches("text", "ab", same) == [Stretch("ab", "", "ab: +0.000")]


def test_the_page_escapes_texts_and_says_which_way_each_unit_speaks(tmp_path: Path) -> None:
    made = Explanations(run="r", method="occlusion", by="word", split="validation", items=[item(more="you")])
    path = write_page_of(tmp_path / "e.html", made)
    text = path.read_text(encoding="utf-8")
    assert "&lt;b&gt;" in text and "<b>" not in text
    assert 'class="n5"' in text and "speaks against it" in text and "wrong" in text and "7 characters" in text
    assert "--faithful 100" in text and "http" not in text.split("</style>")[-1]
    rolled = made.model_copy(update={"method": "attention_rollout", "faithful": measured()})
    text = write_page_of(tmp_path / "e.html", rolled).read_text(encoding="utf-8")
    assert "looked at" in text and "speaks against" not in text and "Deletion: lower is better" in text
    texts = Explanations(run="r", method="random", by="word", faithful=measured())
    assert "r1" not in write_page_of(tmp_path / "t.html", texts).read_text(encoding="utf-8")


def test_verdicts_say_what_the_interval_says() -> None:
    words = [verdict(one) for one in measured().curves]
    assert "beats random order" in words[0] and "not told apart" in words[1] and "worse than random" in words[2]
    view = faithful_view(measured())
    assert len(view["plots"]) == 2 and view["level"] == "99.0%" and "9 rows" in view["caption"]
    assert faithful_view(measured().model_copy(update={"curves": []}))["plots"] == []
    assert "7 characters" in notes(item())[0]


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    made = Explanations(run="r", method="occlusion", by="word", items=[item()], faithful=measured())
    path = write_png(tmp_path / "deep" / "e.png", made)
    assert path.read_bytes()[:4] == b"\x89PNG"
    assert write_png(tmp_path / "none.png", Explanations(run="r", method="occlusion", by="word")).is_file()


def test_a_missing_chinese_font_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Explanations(run="r", method="occlusion", by="word", items=[item()])
    chinese = Unit(part="text", start=0, end=1, text="房", value=1.0)
    other = made.model_copy(update={"items": [item().model_copy(update={"units": [chinese]})]})
    monkeypatch.setattr(page, "_CJK", ("No Such Font",))
    assert not page.has_font() and lacks_font(other) and not lacks_font(made)
