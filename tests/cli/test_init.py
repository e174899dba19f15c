"""tunebook init, as a user calls it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests import small
from tests.cli.conftest import Call

ROWS = "ROWS"  # the file of the fixture


def test_makes_a_book(tunebook: Call, rows: Path, model: Path, tmp_path: Path) -> None:
    book = tmp_path / "my book"
    done = tunebook("init", book, "--data", rows, "--model", model, "--split", "6:2:2", "--json")
    assert done.code == 0
    data = done.json
    assert data["book"] == str(book) and data["task"] == "text_classification" and data["table"] == "v1"
    assert (data["rows_read"], data["rows_kept"], data["rows_dropped"]) == (200, 200, 0)
    assert data["rows"] == {"train": 120, "validation": 40, "test": 40}
    assert Path(data["report"]).is_file() and (book / "book.toml").is_file()


def test_tells_what_it_found(
    tunebook: Call, rows: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a long path would take lines of its own
    book = "my book"
    done = tunebook("init", book, "--data", rows, "--model", model, "--owner", "An")
    assert done.code == 0
    for part in ("2: bad, good", "200 read, 200 kept", "learning rate", "label = label", "tunebook table show"):
        assert part in done.out
    assert len(done.out.splitlines()) <= 14, "facts, what is unusual, where the reasons are"
    assert f"  tunebook train '{book}'" in done.out
    assert tunebook("table", "show", book, "--json").json["owner"] == "An"


def test_the_reasons_are_told_where_they_are_asked_for(tunebook: Call, rows: Path, model: Path, tmp_path: Path) -> None:
    words = ("--data", rows, "--model", model)
    brief = tunebook("init", tmp_path / "brief", *words).out
    whole = tunebook("init", tmp_path / "whole", *words, "--verbose").out
    assert "early_stopping_patience" in whole and "early_stopping_patience" not in brief
    assert len(whole.splitlines()) > 2 * len(brief.splitlines())


def test_options_reach_the_data_layer(tunebook: Call, model: Path, tmp_path: Path) -> None:
    lines = [f"{number % 2};the room was {'great' if number % 2 else 'awful'} {'a ' * number}" for number in range(60)]
    path = tmp_path / "rows.dat"
    path.write_text("\n".join(lines), encoding="utf-8")
    columns = ("--no-header", "--text", "c2", "--label", "c1", "--label-name", "0=bad", "--label-name", "1=good")
    form = ("--format", "csv", "--delimiter", "semicolon", "--no-clean", "html", "--max-dropped", "1%")
    done = tunebook("init", tmp_path / "b", "--data", path, "--model", model, *columns, *form, "--json")
    assert done.code == 0, done.out
    assert done.json["rows_kept"] == 60
    assert "bad, good" in tunebook("check", tmp_path / "b").out


def test_an_existing_book_is_left_alone(tunebook: Call, fresh: Path, rows: Path, model: Path) -> None:
    before = sorted(fresh.rglob("*"))
    done = tunebook("init", fresh, "--data", rows, "--model", model)
    assert done.code == 2 and "book.exists" in done.err and sorted(fresh.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--text", "txet"], "txet"),
        (["--problem", "guess"], "--problem"),
        (["--split", "all"], "all"),
        (["--clean", "soap"], "soap"),
        (["--model", "/no/such/folder"], "/no/such/folder"),
    ],
)
def test_wrong_options_leave_nothing_behind(
    tunebook: Call, rows: Path, model: Path, tmp_path: Path, words: list[str], part: str
) -> None:
    done = tunebook("init", tmp_path / "b", "--data", rows, "--model", model, *words)
    assert done.code == 2 and part in done.err and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--data", "missing.csv"], "data.missing"),
        (["--data", "sample:de"], "data.missing"),
        (["--data", ROWS, "--test", "missing.csv"], "data.missing"),
        (["--data", ROWS, "--text", "text", "--label", "text"], "data.role_twice"),
        (["--data", ROWS, "--problem", "ordinal"], "data.label_order"),
        (["--data", ROWS, "--label-order", "good"], "data.label_order_wrong"),
        (["--data", ROWS, "--label-name", "good=fine"], "data.label_names"),
        (["--data", ROWS, "--split", "5"], "data.split"),
        (["--data", ROWS, "--split-by", "group"], "data.group_needed"),
        (["--data", ROWS, "--encoding", "nonsense"], "data.encoding_name"),
        (["--data", ROWS, "--seed", "x"], "cli.option"),
        (["--data", ROWS, "--max-classes", "1"], "cli.option"),
        (["--data", ROWS, "--delimiter", ";;"], "cli.option"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_mistakes_of_a_new_user(
    tunebook: Call,
    rows: Path,
    model: Path,
    tmp_path: Path,
    words: list[str],
    code: str,
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    given = [str(rows) if word == ROWS else word for word in words]
    done = tunebook("init", tmp_path / "b", "--model", model, *given)
    assert done.code == 2 and f"[{code}]" in done.err and not (tmp_path / "b").exists()
    for foreign in ("None", "Traceback", "Input should", "[]"):
        assert foreign not in done.err
    if language == "zh":
        assert not re.search(r"\b(or|and|int|float)\b", done.err)


def test_a_wrong_sample_names_those_there_are(tunebook: Call, model: Path, tmp_path: Path) -> None:
    done = tunebook("init", tmp_path / "b", "--data", "sample:de", "--model", model)
    assert "sample:en | sample:zh" in done.err


def test_chinese_throughout(
    tunebook: Call, rows: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    done = tunebook("init", tmp_path / "b", "--data", rows, "--model", model)
    for part in ("文本分类，单标签分类", "文本 = text，标签 = label", "2 个：bad、good", "测试集只有"):
        assert part in done.out


def test_an_export_of_a_tool_is_read_by_what_it_is(tunebook: Call, model: Path, tmp_path: Path) -> None:
    words = ("great", "awful")
    tasks = [
        {
            "id": number,
            "data": {"text": f"the room was {words[number % 2]} {'a ' * number}"},
            "annotations": [
                {
                    "completed_by": who,
                    "result": [{"from_name": "mood", "type": "choices", "value": {"choices": [word]}}],
                }
                for who, word in ((1, words[number % 2]), (2, words[number % 2 or number % 5 == 0]))
            ],
        }
        for number in range(60)
    ]
    tasks[7]["annotations"] = []
    (tmp_path / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    done = tunebook("init", tmp_path / "book", "--data", tmp_path / "tasks.json", "--model", model)
    assert done.code == 0
    for part in ("Label Studio", "label = mood", "annotator 1 + annotator 2", "not labelled 1", "2: awful, great"):
        assert part in " ".join(done.out.split())
    spans = '{"text": "the room", "label": [[4, 9, "PLACE"]]}\n'
    (tmp_path / "spans.jsonl").write_text(spans, encoding="utf-8")
    done = tunebook("init", tmp_path / "other", "--data", tmp_path / "spans.jsonl", "--model", model, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "data.dropped")


def test_json_with_a_part_for_each_split(tunebook: Call, model: Path, tmp_path: Path) -> None:
    rows = [list(row) for row in small.texts(70)]
    content = {
        "train": rows[:40],
        "val": rows[40:50],
        "test": rows[50:60],
        "oos_train": rows[60:66],
        "oos_test": rows[66:],
    }
    (tmp_path / "full.json").write_text(json.dumps(content), encoding="utf-8")
    made = tunebook("init", tmp_path / "book", "--data", tmp_path / "full.json", "--model", model, "--json").json
    assert made["rows"] == {"train": 46, "validation": 10, "test": 14}
