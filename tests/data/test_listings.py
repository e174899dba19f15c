"""LLaMA-Factory's list of data sets: which file is read, and what its columns and speakers are called."""

import gzip
import json

import pytest
from tests.data.test_chat_rows import WORDS, alpaca, check, jsonl, openai, prepared, rows_of

from tunebook.core.chat import Chat
from tunebook.core.errors import DataError
from tunebook.data.conversations import chat_of
from tunebook.data.listings import LISTING, entries_of, entry_beside, usual
from tunebook.data.load import load

MAP = {"prompt": "q", "response": "a"}
TAGS = {"role_tag": "who", "content_tag": "said", "user_tag": "U", "assistant_tag": "A", "system_tag": "S"}


def listed(tmp_path, **entries):
    path = tmp_path / LISTING
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def odd(asked, answer):
    return {"q": asked, "a": answer, "input": "no part of it", "id": asked}


def entry(**item):
    return entries_of({"mine": {"file_name": "rows.json", **item}})["mine"]


def test_what_is_a_list():
    found = entries_of({"a": {"file_name": "a.json"}, "b": {"hf_hub_url": "x/y", "ranking": True}})
    assert (found["a"].file, found["b"].file, found["b"].ranking, found["a"].turns) == ("a.json", "", True, False)
    for other in ([], {"a": 1}, {"a": {"text": "b"}}, {"a": {"file_name": "f"}, "b": {}}):
        assert entries_of(other) == {}


def test_columns_by_their_usual_names():
    assert usual({"x": 1}, entry()) == {"x": 1}
    row = usual(odd("Where?", "Here."), entry(columns=MAP))
    assert row == {"instruction": "Where?", "output": "Here.", "source_input": "no part of it", "id": "Where?"}
    more = entry(columns={**MAP, "query": "input", "system": "s", "history": "h", "images": "i"})
    row = usual({**odd("Where?", "Here."), "s": "Be kind.", "h": [["Who?", "Me."]]}, more)
    assert [turn.content for turn in chat_of(row).turns] == [
        "Be kind.",
        "Who?",
        "Me.",
        "Where?\nno part of it",
        "Here.",
    ]
    with pytest.raises(DataError, match=r"chat\.listed"):
        usual({"q": "Where?"}, entry(columns=MAP))


@pytest.mark.parametrize(
    ("said", "column"),
    [({"tags": TAGS}, "conversations"), ({"tags": TAGS, "columns": {"messages": "talk"}}, "talk")],
)
def test_speakers_by_their_usual_names(said, column):
    turns = [{"who": "S", "said": "Be kind."}, {"who": "U", "said": "Where?"}, {"who": "A", "said": "Here."}]
    row = usual({column: turns}, entry(formatting="sharegpt", **said))
    assert chat_of(row) == Chat.of(("system", "Be kind."), ("user", "Where?"), ("assistant", "Here."))
    assert usual({column: ["x", {}]}, entry(formatting="sharegpt", **said))["messages"] == ["x", {}]


def test_a_data_set_of_a_list(tmp_path):
    jsonl(tmp_path / "rows.jsonl", rows_of(odd))
    jsonl(tmp_path / "plain.jsonl", rows_of(openai))
    mine = {"file_name": "rows.jsonl", "columns": MAP}
    ref = prepared(listed(tmp_path, mine=mine, other={"hf_hub_url": "x/y"}), tmp_path, dataset="mine")
    assert "source_input" in check(ref).other
    assert ref.stats["files"][LISTING]["tool"] == "LLaMA-Factory"
    alone = listed(tmp_path, plain={"file_name": "plain.jsonl", "formatting": "sharegpt"})
    check(prepared(alone, tmp_path / "alone"))


def test_the_file_may_be_packed_or_a_table(tmp_path):
    (tmp_path / "rows.json.gz").write_bytes(gzip.compress(json.dumps(rows_of(odd)).encode()))
    check(prepared(listed(tmp_path, mine={"file_name": "rows.json", "columns": MAP}), tmp_path))
    (tmp_path / "rows.csv").write_text("q,a\n" + "".join(f"{r['q']},{r['a']}\n" for r in rows_of(odd)))
    check(prepared(listed(tmp_path, mine={"file_name": "rows.csv", "columns": MAP}), tmp_path / "csv"))


@pytest.mark.parametrize(
    ("code", "entries", "said"),
    [
        ("format.listing", {"a": {"file_name": "rows.jsonl"}, "b": {"file_name": "b"}}, {}),
        ("format.listing", {"a": {"file_name": "rows.jsonl"}}, {"task": "text_classification"}),
        ("chat.entry", {"a": {"file_name": "rows.jsonl"}}, {"dataset": "b"}),
        ("chat.elsewhere", {"a": {"file_name": "gone.json"}}, {}),
        ("chat.elsewhere", {"a": {"hf_hub_url": "x/y"}}, {}),
        ("chat.listed", {"a": {"file_name": "rows.jsonl", "columns": {"prompt": "x"}}}, {}),
        ("chat.preferences", {"a": {"file_name": "liked.jsonl", "columns": {**MAP, "kto_tag": "good"}}}, {}),
        ("chat.shape", {"a": {"file_name": "rows.jsonl", "columns": {"prompt": "q"}}}, {}),
    ],
)
def test_what_is_refused(code, entries, said, tmp_path):
    jsonl(tmp_path / "rows.jsonl", rows_of(odd))
    jsonl(tmp_path / "liked.jsonl", [{**row, "good": True} for row in rows_of(odd)])
    with pytest.raises(DataError, match=code.replace(".", r"\.")):
        prepared(listed(tmp_path, **entries), tmp_path, **said)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_file_beside_a_list_that_names_it(form, tmp_path):
    path = jsonl(tmp_path / "rows.jsonl", rows_of(odd))
    if form == "csv":
        path = tmp_path / "rows.csv"
        path.write_text("q,a\n" + "".join(f"{r['q']},{r['a']}\n" for r in rows_of(odd)))
    listed(tmp_path, mine={"file_name": path.name, "columns": MAP})
    ref = prepared(path, tmp_path)
    check(ref)
    assert [item["fields"] for item in ref.stats["warnings"] if item["code"] == "listed"] == [
        {"file": path.name, "name": "mine"}
    ]


def test_a_list_that_says_what_the_file_has_not_is_left(tmp_path):
    path = jsonl(tmp_path / "rows.jsonl", rows_of(alpaca))
    listed(tmp_path, mine={"file_name": path.name, "columns": MAP})
    ref = prepared(path, tmp_path)
    check(ref)
    assert "not_listed" in {item["code"] for item in ref.stats["warnings"]}


def test_lists_that_say_nothing_of_a_file(tmp_path):
    path = jsonl(tmp_path / "rows.jsonl", rows_of(alpaca))
    assert entry_beside(path) is None
    twice = {"file_name": path.name, "columns": MAP}
    for entries in ({"a": twice, "b": twice}, {"a": {"file_name": path.name}}, {"a": {"file_name": "other"}}):
        assert entry_beside(listed(tmp_path, **entries).parent / path.name) is None
    (tmp_path / LISTING).write_text("{", encoding="utf-8")
    assert entry_beside(path) is None and entry_beside(tmp_path / LISTING) is None


@pytest.mark.parametrize(
    ("row", "item"),
    [
        (
            {"q": "Say {}.", "good": "{}!", "bad": "?"},
            {"columns": {"prompt": "q", "chosen": "good", "rejected": "bad"}},
        ),
        (
            {"talk": [{"who": "U", "said": "Say {}."}, {"who": "A", "said": "{}!"}], "fine": True},
            {"formatting": "sharegpt", "columns": {"messages": "talk", "kto_tag": "fine"}, "tags": TAGS},
        ),
    ],
)
def test_preferences_of_a_list(row, item, tmp_path):
    jsonl(tmp_path / "rows.jsonl", [json.loads(json.dumps(row).replace("{}", word)) for word in WORDS])
    path = listed(tmp_path, mine={"file_name": "rows.jsonl", "ranking": True, **item})
    found = load(prepared(path, tmp_path, "preference"), "train")
    assert [str(better) for better, _ in found.targets] == [f"{text[4:-1]}!" for text in found.texts]
