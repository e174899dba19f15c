"""Numbers as people read them, and a catalogue that holds every word that the pages use."""

import math
import re
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import tunebook.report
from tunebook.core import registry
from tunebook.core.formatting import (
    amount,
    duration,
    finite,
    head_text,
    is_share,
    memory,
    metric_name,
    metric_of,
    moment,
    noticed,
    number,
    phrase,
    possible,
    score_text,
    share_text,
    shown,
    sign_of,
    stage_names,
)
from tunebook.core.messages import catalogue
from tunebook.core.nouns import HeadStart, Labels

PAGES = [path for path in Path(tunebook.report.__file__).parent.rglob("*") if path.suffix in (".py", ".j2")]
CORE, TASKS = (Path(tunebook.__file__).parent / part for part in ("core", "tasks"))
FILES = [*CORE.glob("*.py"), *TASKS.glob("*.py"), *PAGES]


def test_every_word_of_the_pages_is_in_the_catalogue():
    used = set()
    for path in FILES:
        used |= set(re.findall(r"""\bsay\(\s*"([a-z_0-9.]+)\"""", path.read_text(encoding="utf-8")))
    assert len(used) > 80
    known = catalogue()
    assert [code for code in used if code not in known and not _begins(code, known)] == []


def _begins(code, known):
    """A code whose end is put together: one that begins so is in the catalogue."""
    return code.endswith(".") and any(name.startswith(code) for name in known)


def test_no_word_of_the_catalogue_is_idle():
    text = "".join(path.read_text(encoding="utf-8") for path in FILES)
    made = ("report.verdict.", "report.data.", "report.per_", "report.plot.largest_")
    made += ("report.plot.classes", "report.plot.types")
    codes = [code for code in catalogue() if code.startswith("report.") and not code.startswith(made)]
    assert [code for code in codes if code not in text] == []


def test_both_languages_have_the_same_placeholders():
    for code, texts in catalogue().items():
        if code.startswith("report."):
            assert len({frozenset(re.findall(r"{(\w+)", text)) for text in texts.values()}) == 1, code


def test_every_score_has_a_name_a_direction_and_ends():
    for name in registry.metrics():
        assert f"metric.{name}" in catalogue()
    shares = {name for name in registry.metrics() if is_share(name)}
    assert {"accuracy", "mcc", "r2", "ece"} <= shares and not {"mse", "log_likelihood", "bleu4"} & shares
    assert [sign_of(name) for name in ("accuracy", "r2", "ece", "mse", "perplexity", "bleu4")] == [1, 1, -1, -1, -1, 1]
    assert [possible(-9.0, name) for name in ("accuracy", "mcc", "r2", "mse", "bleu4")] == [-1, -2, -9, -9, -9]
    assert metric_of("bleu4") is None
    assert [amount(0.5, name) for name in ("ece", "log_likelihood")] == ["+50.0 points", "+0.500"]


def test_unknown_names_stay_as_they_are():
    assert metric_name("bleu4") == "bleu4"
    assert phrase("split", "train") == "training"


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (1234567, "1,234,567"), (2.0, "2"), (0.12345, "0.1235"), (512.34, "512.3"), (math.inf, "–")],
)
def test_numbers(value, text):
    assert number(value) == text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (math.nan, "–"), (0.5, "0.500"), (12345.678, "12,345.7")])
def test_scores(value, text):
    assert score_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "none"), (True, "true"), (False, "false"), (5e-5, "5e-05"), (["a", "b"], "a, b"), (7, "7")],
)
def test_values_of_tables(value, text):
    assert shown(value) == text


def test_times_and_sizes():
    assert [duration(value) for value in (3.21, 600.0, 9000.0)] == ["3.2 s", "10.0 min", "2.5 h"]
    assert [memory(value) for value in (0, 3 * 2**10, 5 * 2**20, 3 * 2**30)] == ["0 MiB", "3 KiB", "5 MiB", "3.00 GiB"]


@pytest.mark.parametrize(("share", "text"), [(0, "0.0%"), (0.00001, "< 0.1%"), (0.0005, "0.1%"), (0.123, "12.3%")])
def test_shares(share, text):
    assert share_text(share) == text


@pytest.mark.parametrize(
    ("zone", "created", "text"),
    [
        ("UTC", "2026-11-21T03:05:59+00:00", "2026-11-21 03:05 UTC"),
        ("Asia/Shanghai", "2026-11-21T03:05:59+00:00", "2026-11-21 11:05 UTC+08:00"),
        ("Asia/Shanghai", "2026-11-21T03:05", "2026-11-21 03:05 UTC+08:00"),
        ("UTC", "last week", "last week"),
        ("UTC", "", ""),
    ],
)
def test_moments_have_a_zone(monkeypatch, zone, created, text):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert moment(created) == text
    finally:
        monkeypatch.undo()
        time.tzset()


def test_stages_are_named_with_their_techniques(monkeypatch):
    from types import SimpleNamespace

    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    stages = [SimpleNamespace(stage="pretrain", techniques={"ema": {}, "fgm": {}}),
              SimpleNamespace(stage="intermediate", techniques={})]  # fmt: skip
    assert stage_names(SimpleNamespace(stages=stages)) == "pretrain (ema, fgm) → intermediate"
    assert stage_names(SimpleNamespace(stages=[])) == ""


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (None, ""),
        (HeadStart(number=True), "number"),
        (HeadStart(own=["x", "y"]), "x, y"),
        (HeadStart(), "fresh"),
        (HeadStart(own=["a", "x"], rows={"a": 0}), "a"),
        (HeadStart(own=["a", "b"], rows={"a": 0, "b": 1}), "a, b"),
    ],
)
def test_what_becomes_of_the_head_of_a_base_model(head, told):
    text = head_text(SimpleNamespace(head=head, labels=SimpleNamespace(names=["a", "b"], outputs=1)))
    assert told in text and bool(text) == (head is not None)


def test_a_head_of_several_outputs_that_goes_on_is_none_for_a_number():
    plan = SimpleNamespace(head=HeadStart(number=True), labels=Labels(problem="answers"))
    assert head_text(plan) == "The base model's own head goes on."


def test_what_a_training_did_is_told_where_there_is_a_word_for_it():
    counters = {"swa": {"states_averaged": 12.0, "states_kept": 0.0}, "tagging": {"unsaid": 1200.0}, "ema": {"x": 0.0}}
    kept, unsaid = noticed(counters)
    assert "before that" in kept and "1,200 entities" in unsaid
    assert noticed({"swa": {"states_averaged": 12.0, "states_kept": 3.0}}) == noticed({}) == []


def test_numbers_that_json_has_not_become_none_wherever_they_are() -> None:
    found = finite({1: [float("nan"), 2.5], "b": (float("-inf"), "x", {"c": None}), "d": True})
    assert found == {"1": [None, 2.5], "b": [None, "x", {"c": None}], "d": True}
