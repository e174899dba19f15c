"""Conversations and prompts that a model of conversations is asked to answer."""

import json
from dataclasses import dataclass
from types import SimpleNamespace

import pyarrow as pa
import pytest
from tests.data.test_chat_rows import alpaca, jsonl, openai, prepared, rows_of

from tunebook.core.chat import Chat, question
from tunebook.core.errors import DataError
from tunebook.core.written import texts_of
from tunebook.data.chat_asked import asked_in, chats_asked, lists_of_turns
from tunebook.data.external import asked_as, external_rows
from tunebook.data.options import DataOptions
from tunebook.verbs import predict as verb
from tunebook.verbs.asked import given_rows, of_chats, text_rows

USER = {"role": "user", "content": "Say  <b>so</b>."}
CLEAN = "Say so."


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chats")
    return prepared(jsonl(folder / "rows.jsonl", rows_of(alpaca)), folder)


@pytest.fixture(scope="module")
def summaries(tmp_path_factory):
    folder = tmp_path_factory.mktemp("summaries")
    rows = [{"article": row["instruction"], "tldr": row["output"]} for row in rows_of(alpaca)]
    return prepared(jsonl(folder / "rows.jsonl", rows), folder, "seq2seq", text="article", label="tldr")


def test_labelled_rows_of_a_file_of_another_shape(book, tmp_path):
    found = external_rows(book, jsonl(tmp_path / "rows.jsonl", rows_of(openai, 3)))
    assert [str(text) for text in found.targets] == ["one!", "two!", "three!"]
    assert found.chats[1] == Chat.of(("user", "Say two."), ("assistant", "two!"))
    with pytest.raises(DataError, match=r"predict\.chats.*2 rows.*out of order"):
        external_rows(book, jsonl(tmp_path / "all.jsonl", [{"messages": [USER, USER]}] * 2), labelled=False)
    bare = external_rows(book, tmp_path / "rows.jsonl", labelled=False)
    assert bare.targets is None and bare.chats[1] == question("Say two.")
    with pytest.raises(DataError, match=r"predict\.chats.*empty answer"):
        external_rows(book, jsonl(tmp_path / "bad.jsonl", [alpaca("a", "b"), alpaca("c", "")]))


def test_labelled_rows_of_two_columns(summaries, tmp_path):
    rows = [{"article": "a  long one", "tldr": " short "}, {"article": "b", "tldr": "c"}]
    found = external_rows(summaries, jsonl(tmp_path / "rows.jsonl", rows))
    assert (found.texts[0], str(found.targets[0]), found.chats) == ("a long one", " short ", None)
    assert external_rows(summaries, tmp_path / "rows.jsonl", labelled=False).texts[1] == "b"
    assert asked_as(summaries, DataOptions()).text == "article"
    with pytest.raises(DataError, match=r"predict\.column"):
        external_rows(summaries, jsonl(tmp_path / "other.jsonl", [{"a": "x", "tldr": "y"}] * 2))


@pytest.mark.parametrize(
    "texts",
    [
        [USER["content"]],
        [[USER]],
        [{"messages": [USER]}],
        [{"messages": [USER, {"role": "assistant", "content": "So."}]}],
        [{"prompt": USER["content"], "other": 1}],
        [{"text": USER["content"], "other": 1}],
        pa.table({"messages": [json.dumps([USER])]}),
        (text for text in [USER["content"]]),
    ],
)
def test_what_a_call_is_given(texts, book):
    rows = given_rows(texts, None, book)
    assert (rows.texts, list(rows.chats)) == ([CLEAN], [question(USER["content"])])


def test_turns_that_cannot_be_answered_are_refused(book, summaries):
    with pytest.raises(DataError, match=r"predict\.chats.*out of order"):
        given_rows([[USER, USER]], None, book)
    with pytest.raises(DataError, match=r"chat\.shape"):
        chats_asked(book, pa.table({"a": ["1"], "b": ["2"]}), "rows")
    assert (of_chats(book), of_chats(summaries)) == (True, False)
    assert text_rows(["a"], None, summaries).chats is None
    assert not lists_of_turns(["a"])


@dataclass
class Said:
    """Stands for a model: says the number of turns of each row."""

    def answers(self, rows):
        return [{"answer": str(len(chat.turns)), "notes": []} for chat in rows.chats]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.jsonl", json.dumps({"id": 1, "messages": [USER]}) + "\n"),
        ("rows.csv", f"id,prompt,completion\n1,{USER['content']},\n"),
        ("rows.csv", f"id,text\n1,{USER['content']}\n"),
        ("rows.txt", f"{USER['content']}\n"),
    ],
)
def test_files_of_prompts(name, text, book, tmp_path, monkeypatch):
    (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(verb, "asking_of", lambda how, run: Said())
    monkeypatch.setattr("tunebook.data.frozen.prepared_data", lambda plan: book)
    run = SimpleNamespace(plan=None)
    found = verb.predict_file(run, tmp_path / name)
    beside = {} if name.endswith("txt") else {"id": 1 if name.endswith("jsonl") else "1"}
    assert [{key: row[key] for key in row} for row in found] == [
        {"text": USER["content"], **beside, "answer": "1", "notes": []}
    ]
    assert verb.text_columns(run) == ("text", None)


def test_what_is_asked_of_a_table(book):
    texts, chats = chats_asked(book, pa.table({"prompt": ["a", "b"]}), "rows")
    assert (texts, chats) == (["a", "b"], [question("a"), question("b")])
    with pytest.raises(KeyError):
        asked_in(pa.table({"text": ["a"]}))
    assert texts_of(texts).tolist() == texts


@pytest.mark.parametrize("name", ["prompt", "Question", "query"])
def test_a_column_of_prompts_alone_has_a_heading(book, tmp_path, name):
    file = tmp_path / "asked.csv"
    file.write_text(f"{name}\nSay one.\nSay two.\n", encoding="utf-8")
    assert external_rows(book, file, labelled=False).chats == [question("Say one."), question("Say two.")]
    file.write_text("Say one.\nprompt\n", encoding="utf-8")
    assert external_rows(book, file, labelled=False).chats == [question("Say one."), question("prompt")]


def test_a_column_of_texts_is_none_of_prompts(summaries, tmp_path):
    file = tmp_path / "asked.txt"
    file.write_text("prompt\nSay one.\n", encoding="utf-8")
    assert external_rows(summaries, file, labelled=False).texts == ["prompt", "Say one."]
