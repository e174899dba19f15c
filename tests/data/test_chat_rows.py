"""Files of conversations and of texts to be written, from any format to rows."""

import gzip
import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from tunebook.core.chat import Chat
from tunebook.core.errors import DataError
from tunebook.core.written import TEXTS
from tunebook.data.chats import chats_of
from tunebook.data.exports import find_format
from tunebook.data.files import members
from tunebook.data.formats.conversations import Conversations
from tunebook.data.kind import column_kind, wants_chats
from tunebook.data.kinds.written import Written
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.data.preview import Preview
from tunebook.data.read import read
from tunebook.data.written_columns import source_and_target
from tunebook.data.written_figures import written_doubts
from tunebook.verbs.init import find_sources

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def rows_of(make, count=12):
    return [make(f"Say {word}.", f"{word}!") for word in WORDS[:count]]


def alpaca(asked, answer):
    return {"id": asked, "instruction": asked, "input": "", "output": answer}


def openai(asked, answer):
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}], "n": 1}


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def prepared(path, tmp_path, task="instruction", **said):
    return prepare([path], tmp_path / "data", DataOptions(**{"task": task, "split": "8:2:2", **said}))


def check(ref):
    assert (ref.labels.problem, ref.roles.text, ref.roles.label) == ("written", "text", "label")
    rows = load(ref, "train")
    assert rows.targets is not None and rows.targets.dtype == TEXTS
    for text, target, chat in zip(rows.texts, rows.targets, rows.chats, strict=True):
        assert chat == Chat.of(("user", text), ("assistant", str(target)))
        assert text == f"Say {str(target)[:-1]}."
    return rows


@pytest.mark.parametrize("make", [alpaca, openai])
@pytest.mark.parametrize("form", ["jsonl", "json", "parquet", "gz", "csv"])
def test_files_of_conversations(make, form, tmp_path):
    rows, path = rows_of(make), tmp_path / f"rows.{form}"
    if form == "jsonl":
        jsonl(path, rows)
    elif form == "json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    elif form == "gz":
        path = tmp_path / "rows.jsonl.gz"
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    elif form == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    else:
        cells = [{name: json.dumps(v) if isinstance(v, list) else v for name, v in row.items()} for row in rows]
        from pyarrow import csv

        csv.write_csv(pa.Table.from_pylist(cells), path)
    ref = prepared(path, tmp_path)
    found = check(ref)
    assert ref.task == "instruction"
    assert set(found.other) - {"_row", "_file", "_split"} == ({"id"} if make is alpaca else {"n"})


def test_columns_of_the_same_names_as_ours_are_kept_under_another(tmp_path):
    rows = [{**row, "text": "t", "label": "l", "chat": 1} for row in rows_of(alpaca)]
    found = check(prepared(jsonl(tmp_path / "rows.jsonl", rows), tmp_path))
    assert {"source_text", "source_label", "source_chat"} <= set(found.other)


def test_rows_that_cannot_be_learnt_stand_in_the_ledger(tmp_path):
    rows = [*rows_of(openai), {"messages": [{"role": "user", "content": "?"}]}, {"messages": 3}]
    ref = prepared(jsonl(tmp_path / "rows.jsonl", rows), tmp_path, max_dropped=0.5)
    check(ref)
    assert ref.stats["ledger"]["dropped"] == {"chat_last": 1, "chat_none": 1}
    with pytest.raises(DataError, match=r"data\.dropped"):
        prepare([tmp_path / "rows.jsonl"], tmp_path / "other", DataOptions(task="instruction"))


def test_several_instances_of_one_instruction_are_rows(tmp_path):
    rows = [
        {"instruction": f"Say it {word} times.", "instances": [{"input": n, "output": word} for n in "ab"]}
        for word in WORDS[:6]
    ]
    ref = prepared(jsonl(tmp_path / "rows.jsonl", rows), tmp_path)
    assert sum(ref.rows.values()) == 12 and ref.stats["ledger"]["read"] == 12
    assert all(text.endswith(("\na", "\nb")) for text in (chat.turns[0].content for chat in load(ref, "train").chats))


def test_cleaning_touches_what_is_asked_and_no_conversation(tmp_path):
    rows = [alpaca(f" Say  <b>{word}</b> ", f" {word}\n") for word in WORDS]
    ref = prepared(jsonl(tmp_path / "rows.jsonl", rows), tmp_path)
    found = load(ref, "train")
    word = found.texts[0].removeprefix("Say ")
    assert found.chats[0] == Chat.of(("user", f" Say  <b>{word}</b> "), ("assistant", f" {word}\n"))
    assert str(found.targets[0]) == f" {word}\n"
    assert ref.stats["ledger"]["changed"] == ref.stats["cleaning"]["changed"] == {}
    assert [item["fields"] for item in ref.stats["warnings"] if item["code"] == "blank_ends"] == [
        {"count": 12, "rows": 12}
    ]


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, "rejected"),
        ({**openai("a", "b"), "label": True}, "label"),
    ],
)
def test_preferences_are_no_conversations_to_learn(row, value, tmp_path):
    with pytest.raises(DataError, match=rf"chat\.preferences.*{value}"):
        prepared(jsonl(tmp_path / "rows.jsonl", [row] * 3), tmp_path)


def test_liked_answers_alone_are_learnt_where_they_are_named(tmp_path):
    rows = [{"prompt": f"Say {word}.", "chosen": f"{word}!", "rejected": "?"} for word in WORDS]
    assert "rejected" in check(prepared(jsonl(tmp_path / "rows.jsonl", rows), tmp_path, label="chosen")).other


def test_a_file_without_conversations_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"chat\.shape.*a, b"):
        prepared(jsonl(tmp_path / "rows.jsonl", [{"a": "1", "b": "2"}]), tmp_path)


@pytest.mark.parametrize(
    ("names", "said"), [(("text", "summary"), {}), (("abst", "title"), {}), (("a", "b"), {"text": "a", "label": "b"})]
)
def test_two_columns_of_texts(names, said, tmp_path):
    rows = [dict(zip(names, (f"A long text of {word}.", f" {word}"), strict=True)) for word in WORDS]
    ref = prepared(jsonl(tmp_path / "rows.jsonl", rows), tmp_path, "seq2seq", **said)
    found = load(ref, "train")
    assert (ref.task, ref.roles.text, ref.roles.label) == ("seq2seq", *names)
    assert found.chats is None and found.targets.dtype == TEXTS
    assert found.texts[0] == f"A long text of{found.targets[0]}."


def test_two_columns_of_no_known_names_are_refused(tmp_path):
    path = jsonl(tmp_path / "rows.jsonl", [{"a": "one", "b": "two"}])
    with pytest.raises(DataError, match=r"written\.columns"):
        prepared(path, tmp_path, "seq2seq")
    table = pa.table({"tldr": ["short"], "content": ["long"], "title": ["t"]})
    assert source_and_target(table, DataOptions()) == {"text": "content", "label": "tldr"}
    assert source_and_target(table, DataOptions(label="title")) == {"text": "content", "label": "title"}


def test_what_the_kind_says_of_its_column():
    kind, column = column_kind("written"), pa.chunked_array([["b", "a "]])
    assert isinstance(kind, Written)
    found = kind.find(pa.chunked_array([["b", "a ", " ", None]]), DataOptions(problem="written"), coded=False)
    assert found.bad["empty_answer"].tolist() == [2, 3] and found.facts == {"blank_ends": 2}
    assert kind.targets(column, found.labels).tolist() == ["b", "a "]
    assert kind.said(kind.targets(column, found.labels)[1], found.labels) == "a "
    assert kind.strata(column, found.labels).tolist() == [0, 0]
    assert (kind.outputs([]), len(kind.borne(column)), kind.words(column), kind.text(column)) == (1, 0, None, column)
    assert kind.nearness(kind.vote("b", None), "b", found.labels) == 1.0
    assert kind.length_link(None, column, found.labels) == 0.0


def test_when_conversations_are_wanted(tmp_path):
    asked = [{"task": "instruction"}, {"problem": "written"}, {"task": "seq2seq"}, {"task": "tagging"}, {}]
    assert [wants_chats(DataOptions(**said)) for said in asked] == [True, True, False, False, False]
    path = jsonl(tmp_path / "rows.jsonl", rows_of(alpaca))
    forms = [find_format(Preview(path, members(path), DataOptions(**said))) for said in asked]
    assert [isinstance(form, Conversations) for form in forms] == [True, True, False, False, False]


def test_figures_and_what_they_warn_of(tmp_path):
    def many(asked, answer):
        turns = [{"role": "system", "content": "Be kind."}] + openai("Who?", "你好，I'm {{name}}.")["messages"]
        return {"messages": [*turns, *openai(asked, answer)["messages"]], "tools": [{"name": "f"}]}

    rows = [*rows_of(openai), *(openai(f"Ask {n}!", "Yes.") for n in range(12)), many("Say so.", "So {{ x }}.")]
    rows.append({"messages": many("", "")["messages"][1:3]})
    ref = prepared(jsonl(tmp_path / "rows.jsonl", [*rows, openai("Say one.", "Two!")]), tmp_path, split="5:1:1")
    found = ref.stats["writing"]
    assert found["asked"]["p50"] == 2 and found["answered"]["p50"] == 1
    assert found["chats"]["turns"]["max"] == 5 and found["chats"]["turns"]["p50"] == 2
    assert found["chats"]["system"] == found["chats"]["tools"] == found["chats"]["several"] == round(1 / 27, 4)
    assert found["answer_language"] == "other" and found["fields"] == 2
    assert found["most_answer"] == "Yes." and 0 < found["alike"] < found["most"] < 0.6
    told = {item["code"]: item["message"] for item in ref.stats["warnings"]}
    assert {"answers_differ", "answers_alike", "answer_fields"} < set(told)
    assert {item["code"] for item in written_doubts(found)} == {"answers_alike", "answer_fields"}
    assert "{{name}}" in told["answer_fields"] and "'Yes.'" in told["answers_alike"]
    kept = prepare([tmp_path / "rows.jsonl"], tmp_path / "first", DataOptions(task="instruction", conflicts="first"))
    assert kept.stats["ledger"]["dropped"] == {"conflict": 1}


def test_a_training_row_may_answer_a_validation_question_on_the_way(tmp_path):
    long = openai("Say one.", "one!")["messages"]
    rows = [{"messages": [*long, *openai(f"Now {word}.", "x" + word)["messages"]]} for word in WORDS]
    train, validation = jsonl(tmp_path / "rows.jsonl", rows), jsonl(tmp_path / "validation.jsonl", rows_of(openai, 2))
    ref = prepare([train], tmp_path / "data", DataOptions(task="instruction"), validation=validation)
    assert ref.stats["writing"]["chats"]["passed"] == ref.rows["train"]
    assert "chats_passed" in {item["code"] for item in ref.stats["warnings"]}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"translation": {"en": "A {}.", "zh": "一{}。"}}, {"text": "translation.en", "label": "translation.zh"}),
        ({"src": "A {}.", "tgt": "一{}。"}, {}),
        ({"instruction": "Translate.", "input": "A {}.", "output": "一{}。"}, {}),
        ({"query": "A {}.", "response": "一{}。"}, {}),
        ({"messages": [{"role": "user", "content": "A {}."}, {"role": "assistant", "content": "一{}。"}]}, {}),
    ],
)
def test_pairs_of_a_text_and_another_to_be_written(row, said, tmp_path):
    rows = [json.loads(json.dumps(row).replace("{}", word)) for word in WORDS]
    found = load(prepared(jsonl(tmp_path / "rows.jsonl", rows), tmp_path, "seq2seq", **said), "train")
    assert found.texts[0].startswith("A ") and str(found.targets[0]) == f"一{found.texts[0][2:-1]}。"


def test_of_two_languages_it_is_to_be_said_which_is_written(tmp_path):
    path = jsonl(tmp_path / "rows.jsonl", [{"translation": {"en": "a", "zh": "b"}}] * 3)
    with pytest.raises(DataError, match=r"chat\.languages.*\n.*\n.*--text translation.en --label translation.zh"):
        prepared(path, tmp_path, "seq2seq")
    with pytest.raises(DataError, match=r"format\.writing.*\n.*--task seq2seq"):
        prepare([path], tmp_path / "data")


def called(asked, answer):
    name = "f" if len(answer) % 2 else "g"
    call = {"function": {"name": name, "arguments": {f"of_{name}": answer}}}
    turns = openai(asked, answer)["messages"]
    return {"messages": [turns[0], {"role": "assistant", "content": None, "tool_calls": [call]}]}


def test_a_parquet_or_arrow_file_gives_each_call_its_own_arguments(tmp_path):
    table = pa.Table.from_pylist(rows_of(called))  # where every object has the fields of all
    parquet.write_table(table, tmp_path / "rows.parquet")
    with pa.ipc.new_file(tmp_path / "rows.arrow", table.schema) as file:
        file.write_table(table)
    for name in ("rows.parquet", "rows.arrow"):
        found = load(prepared(tmp_path / name, tmp_path / name.replace(".", "_")), "train")
        calls = [json.loads(chat.turns[-1].calls)[0]["function"] for chat in found.chats]
        assert {tuple(call["arguments"]) for call in calls} == {("of_f",), ("of_g",)}
        assert [str(text) for text in found.targets] == [chat.turns[-1].calls for chat in found.chats]


def test_rows_that_are_in_no_file_are_learnt_as_they_stand(tmp_path):
    call = {"function": {"name": "f", "arguments": {"b": "x", "a": None}}}
    turns = [openai("Say so.", "")["messages"][0], {"role": "assistant", "tool_calls": [call]}]
    found = find_sources([{"messages": turns}, {"messages": turns}], DataOptions(task="instruction"))
    (path,) = found.stored(tmp_path)["train"]
    (chat, _) = chats_of(read(path, DataOptions(task="instruction")).table["chat"])
    assert json.loads(chat.turns[1].calls) == [{"type": "function", **call}]
    assert chat.turns[1].calls.index('"b"') < chat.turns[1].calls.index('"a"')
    assert "messages" in found.tables["train"].column_names


@pytest.mark.parametrize(("role", "name"), [("label", "outpt"), ("text", "question")])
def test_a_column_that_no_row_has_is_refused(role, name, tmp_path):
    with pytest.raises(DataError, match=rf"data\.column.*{name}") as refused:
        prepared(jsonl(tmp_path / "rows.jsonl", rows_of(alpaca)), tmp_path, **{role: name})
    assert "instruction" in str(refused.value) and ("output" in str(refused.value))
    assert prepared(jsonl(tmp_path / "rows.jsonl", rows_of(alpaca)), tmp_path, label="output").rows


def with_tools(asked, answer, tool):
    return {**openai(asked, answer), "tools": [{"type": "function", "function": {"name": tool}}]}


def test_the_same_words_with_other_tools_are_another_question(tmp_path):
    rows = [with_tools(f"Say {word}.", f"{word}!", tool) for word in WORDS for tool in ("bell", "horn")]
    ref = prepared(jsonl(tmp_path / "t.jsonl", [*rows, rows[0]]), tmp_path)
    assert ref.stats["ledger"]["kept"] == len(rows)  # but for the one that comes again with its tools
    assert ref.stats["repeats"]["conflicts"] == 0
