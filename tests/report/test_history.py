"""The change document says what changed, why, by whom, how it was tested and what was decided."""

from __future__ import annotations

from typing import Any

import pytest

from tests.report.reader import read_page
from tunebook.core.nouns import ParamTable, TableRow
from tunebook.knowledge.chain import Check, Fault
from tunebook.knowledge.log import Entry
from tunebook.report.history import action_text, gain_text, moment, oddities, render_history

FIGURES = {
    "test": "t", "verdict": "PROMOTE", "a": 1, "b": 2, "metric": "accuracy", "gain": 0.031, "lower": 0.008,
    "upper": 0.054, "seeds": 5, "guardrails": [{"name": "worst_class", "held": True, "reported": False}],
}  # fmt: skip
BROKEN = {**FIGURES, "guardrails": [{"name": "worst_class", "held": False}, {"name": "time", "held": True}]}
CHANGED = [{"row": "learning_rate", "from": 5e-5, "to": 1e-4}, {"row": "fgm.epsilon", "from": "off", "to": 1.0}]


def entry(number: int, action: str, table: int | None, **more: Any) -> Entry:
    given = {"actor": "Ada", "time": f"2026-05-0{number}T10:00:00.000+00:00", "previous": "", "hash": f"h{number}"}
    return Entry(number=number, action=action, table=table, **{**given, **more})


def table(version: int, parent: int | None, note: str) -> ParamTable:
    rows = {"learning_rate": TableRow(value=1e-4, reason="few rows | many <b>classes</b>")}
    return ParamTable(version=version, parent=parent, note=note, owner="Bob", created="2026-05-01", rows=rows)


TABLES = {1: table(1, None, "proposed"), 2: table(2, 1, "larger *steps*")}
ENTRIES = [
    entry(1, "table", 1),
    entry(2, "init", 1),
    entry(3, "table", 2, evidence={"parent": 1, "changed": CHANGED}, reason="larger steps"),
    entry(4, "test", 2, evidence=FIGURES),
    entry(5, "promote", 2, evidence={"verdict": FIGURES}, reason="两个点"),
    entry(6, "rollback", 1, reason="slow", evidence={"time_went_back": "x", "from": 2}),
    entry(7, "promote", 2, forced=True, reason="agreed | <i>really</i>"),
]
WHOLE = Check(entries=7, head="h7")


def text(form: Any = "md", tables: Any = TABLES, entries: Any = ENTRIES, check: Check = WHOLE) -> str:
    return render_history(form, "hotel", tables, entries, check)


def test_markdown_says_it_all() -> None:
    said = text()
    assert said.startswith("# Changes of the parameter table: hotel\n")
    assert "The champion is v2, since 2026-05-07" in said
    assert said.index("### v2 · champion") < said.index("### v1")
    assert "from v1 · Bob" in said and "first table · Bob" in said
    assert "| `learning_rate` | 5e-05 | 0.0001 | few rows \\| many &lt;b&gt;classes&lt;/b&gt; |" in said
    assert "| `fgm.epsilon` | off | 1 |  |" in said
    assert "| v1 | PROMOTE | accuracy +3.1 points (+0.8 … +5.4) | 5 | held |" in said.replace("Accuracy", "accuracy")
    assert "- **promoted** 2026-05-05" in said and "两个点" in said
    assert "(v2 against v1: PROMOTE" in said
    assert "promoted by force, without proof" in said
    assert said.count("**rolled back to v1**") == said.count("**brought back in place of v2**") == 1
    assert said.index("rolled back to v1") < said.index("### v1") < said.index("brought back in place")
    assert "forced, without proof: 1." in said
    assert "the clock had gone back · slow" in said
    assert "Hash of the last entry: h7" in said
    assert "Not tested." in said


def test_every_line_of_a_table_has_as_many_cells_as_its_head() -> None:
    lines = [line.replace("\\|", "") for line in text().splitlines()]
    blocks = [[]]  # type: list[list[str]]
    for line in lines:
        blocks[-1].append(line) if line.startswith("|") else blocks.append([])
    found = [{line.count("|") for line in block} for block in blocks if block]
    assert len(found) == 3
    assert all(len(counts) == 1 for counts in found)


def test_the_page_stands_alone(tmp_path: Any) -> None:
    path = tmp_path / "history.html"
    path.write_text(text("html"))
    page = read_page(path)
    assert page.tags.count("section") == 3
    for words in ("larger *steps*", "few rows | many <b>classes</b>", "agreed | <i>really</i>", "+3.1", "Ada", "h7"):
        assert words in page.words
    assert {"id": "v2"} in page.all("section")


def test_in_chinese(chinese: None, tmp_path: Any) -> None:
    assert "# 参数表变更记录：hotel" in text()
    path = tmp_path / "history.html"
    path.write_text(text("html"))
    assert "强制晋升，没有证据" in read_page(path).words


def test_an_empty_book() -> None:
    said = text(tables={}, entries=[], check=Check(entries=0, head=""))
    assert "There is no champion yet." in said


def test_a_log_that_was_tampered_with_is_told_first() -> None:
    broken = Check(entries=7, head="h7", faults=[Fault(number=3, kind="edited"), Fault(number=5, kind="missing")])
    said = text(check=broken)
    assert said.index("Entries: 3, 5") < said.index("## Versions")
    assert 'class="warnings"' in text("html", check=broken)


SECOND = {"metric": "accuracy", "a": 0.355, "b": 0.89, "gain": 0.535, "lower": 0.431, "upper": 0.639, "n": 200,
          "alpha": 0.05, "seeds": 5, "fresh": {"seeds": [1001], "runs": {}}}  # fmt: skip
DECIDED = [
    entry(1, "open", 2, evidence={"verdict": FIGURES, "test_scores": {**SECOND, "b": 0.3, "gain": -0.055}}),
    entry(2, "promote", 3, evidence={"verdict": {**FIGURES, "b": 3}, "test_scores": SECOND}, reason="good"),
]


@pytest.mark.parametrize("form", ["md", "html"])
def test_what_the_test_rows_said_of_a_promotion_and_of_a_refusal(form: Any) -> None:
    said = text(form, tables={2: None, 3: None}, entries=DECIDED)
    assert "test rows (200, fresh seeds: 5): Accuracy 0.355 → 0.890, +53.5 points (+43.1 … +63.9)" in said
    assert "test rows (200, fresh seeds: 5): Accuracy 0.355 → 0.300, -5.5 points (+43.1 … +63.9)" in said
    assert said.count("test rows said no") == 2, "as a decision about v2, and in the log"
    older = text(form, tables={3: None}, entries=[entry(1, "promote", 3, evidence={"test_scores": {"a": 0.5}})])
    assert "0.500 → –, –" in older, "an older entry kept less"


def test_what_the_test_rows_said_in_chinese(chinese: None) -> None:
    said = text(tables={2: None, 3: None}, entries=DECIDED)
    assert "测试样本（200 条，新种子 5 个）：准确率 0.355 → 0.890，+53.5 个百分点 (+43.1 … +63.9)" in said
    assert said.count("测试样本否决") == 2


def test_guardrails_that_were_only_reported_are_not_called_held() -> None:
    def cell(*guards: dict[str, Any]) -> str:
        evidence = {**FIGURES, "guardrails": list(guards)}
        line = next(
            line for line in text(entries=[entry(1, "test", 2, evidence=evidence)]).splitlines() if "PROM" in line
        )
        return line.split("|")[-2].strip()

    held, only = ({"name": name, "held": True, "reported": name == "size"} for name in ("time", "size"))
    assert cell(held) == "held" and cell(only, only) == "only reported"
    assert cell(held, only, only) == "1 held, 2 only reported"
    assert cell({**held, "held": False}, only) == "broken: time"
    assert cell({"name": "class:NUM", "held": True}) == "none broken", "an older entry does not say whether it counted"


def test_missing_files_and_missing_entries() -> None:
    said = text(tables={1: None, 3: table(3, None, "")}, entries=ENTRIES[:5])
    assert said.count("The file of this version is missing or damaged.") == 2
    assert "### v3" in said and "no reason given" in said
    assert "from v1 · Ada" in said  # what the log knows of v2
    nobody = text(tables={1: None}, entries=[entry(1, "init", 1, actor="")])
    assert "first table · – · –" in nobody


def test_tests_that_say_little_and_guardrails_that_broke() -> None:
    said = text(
        entries=[entry(1, "test", 2, actor="", evidence={"verdict": "REJECT"}), entry(2, "test", 2, evidence=BROKEN)]
    )
    assert "| – | REJECT | – | – | – |" in said
    assert "brought back in place of –" in text(entries=[entry(1, "rollback", 1)])
    assert "broken: worst_class |" in said


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({}, "–"),
        ({"metric": "rmse", "gain": 0.5, "lower": 0.25, "upper": None}, "+0.5000 (+0.2500 … –)"),
        ({"metric": "accuracy", "gain": 0.5, "lower": "NaN", "upper": 1}, "+50.0 points (– … +100.0)"),
        ({"metric": "accuracy", "gain": None}, "–"),
    ],
)
def test_gains_in_words(figures: dict[str, Any], expected: str) -> None:
    assert gain_text(figures) == expected


def test_what_happened_to_a_rollout_is_said() -> None:
    put, ended = (entry(1, "rollout", None, evidence={"event": event}) for event in ("deploy", "abort"))
    assert (action_text(put), action_text(ended)) == ("rollout: put live", "rollout: aborted")
    assert action_text(ENTRIES[0]) == "new version"


def test_moments_and_marks() -> None:
    assert moment("2026-05-01T10:00:00+00:00").startswith("2026-05-01")
    assert moment("once") == "once"
    assert oddities(ENTRIES[0]) == []
    assert oddities(entry(1, "init", 1, evidence={"recovered": True})) == ["entered later"]
