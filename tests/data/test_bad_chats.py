"""Files of the wrong shape for tasks that write texts: each is refused with its message, in both languages."""

from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.core.messages import say_in
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare

ASK, SAY = {"role": "user", "content": "Where?"}, {"role": "assistant", "content": "Here."}
PICTURE = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}
SQUAD = {"question": "Where?", "context": "Here.", "answers": {"text": ["Here"], "answer_start": [0]}}
CALL = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{'a': 1}"}}]}


def lines(*rows):
    """Rows that differ in a number, 20 of each."""
    return "".join(json.dumps({**row, "n": n}) + "\n" for n in range(20) for row in rows)


def turns(*items):
    return lines({"messages": list(items)})


FILES = {
    "empty.jsonl": ("", "data.empty", ""),
    "broken.jsonl": ('{"instruction": "a"\n', "data.json", ""),
    "deep.json": ("[" * 99 + "]" * 99, "data.json", ""),
    "document.pdf": ("%PDF-1.7", "format.document", ""),
    "table.parquet": ("PAR1 broken PAR1", "data.parquet", ""),
    "classes.csv": ("text,label\n" + "good,1\nbad,0\n" * 20, "chat.shape", "text, label"),
    "raw.txt": ("some words\nother words\n", "chat.shape", ""),
    "texts.json": ('["a text", "another"]', "chat.shape", "text"),
    "rendered.jsonl": (lines({"text": "<|im_start|>user\nWhere?<|im_end|>"}), "chat.shape", "text, n"),
    "object.jsonl": (lines({"messages": ASK}), "chat.shape", "messages"),
    "no_answer.jsonl": (lines({"instruction": "a", "input": "b"}), "chat.shape", "instruction"),
    "dpo.jsonl": (lines({"prompt": "a", "chosen": "b", "rejected": "c"}), "chat.preferences", "--task preference"),
    "kto.jsonl": (lines({"prompt": "a", "completion": "b", "label": True}), "chat.preferences", "label"),
    "squad.jsonl": (lines(SQUAD), "format.answering_other", "--task question_answering"),
    "dataset_info.json": ('{"a": {"file_name": "x"}, "b": {"file_name": "y"}}', "format.listing", "--dataset"),
    "asked_only.jsonl": (turns(ASK), "data.dropped", "the last turn is not the assistant's: 20"),
    "two_users.jsonl": (turns(ASK, ASK, SAY), "data.dropped", "turns out of order"),
    "answer_first.jsonl": (turns(SAY, ASK, SAY), "data.dropped", "turns out of order"),
    "late_system.jsonl": (turns(ASK, {"role": "system", "content": "x"}, SAY), "data.dropped", "in the middle"),
    "narrator.jsonl": (turns({"role": "narrator", "content": "x"}, SAY), "data.dropped", "nobody known speaks"),
    "pictures.jsonl": (turns(PICTURE, SAY), "data.dropped", "a turn without text: 20 (pictures.jsonl: 1, 2"),
    "calls.jsonl": (turns(ASK, CALL), "data.dropped", "calls of tools"),
    "result.jsonl": (turns(ASK, {"role": "tool", "content": "1"}, SAY), "data.dropped", "that nobody called"),
    "empty_answers.jsonl": (lines({"query": "a", "response": " "}), "data.dropped", "empty answer: 20"),
    "history.jsonl": (lines({"query": "a", "response": "b", "history": ["c"]}), "data.dropped", "a history"),
    "tools.jsonl": (lines({"messages": [ASK, SAY], "tools": "f(x)"}), "data.dropped", "tools that are no JSON"),
    "python.csv": ("id,messages\n" + "1,\"[{'role': 'user'}]\"\n" * 20, "data.dropped", "no readable list"),
    "alike.jsonl": (turns(ASK, SAY), "data.few_rows", ""),
}
PAIRS = {
    "one.csv": ("document\n" + "a text of some words\n" * 9, "written.columns", "document"),
    "unknown.jsonl": (lines({"a": "x", "b": "y"}), "written.columns", "--text COLUMN and --label COLUMN"),
    "languages.jsonl": (lines({"translation": {"en": "a", "zh": "b"}}), "chat.languages", "translation.zh"),
    "empty.jsonl": (lines({"article": "a", "summary": ""}), "data.dropped", "empty answer"),
    "talk.jsonl": (turns(ASK, SAY, ASK, SAY), "format.chat", "--task instruction"),
}
CASES = [("instruction", name, *rest) for name, rest in FILES.items()]
CASES += [("seq2seq", name, *rest) for name, rest in PAIRS.items()]


@pytest.mark.parametrize(("task", "name", "content", "code", "words"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
def test_a_file_of_the_wrong_shape_has_its_message(task, name, content, code, words, tmp_path):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        prepare([path], tmp_path / "data", DataOptions(task=task))
    assert caught.value.code == code
    assert words in str(caught.value)
    for language in ("en", "zh"):
        assert all(say_in(language, f"{code}.{part}", **caught.value.fields).strip() for part in ("what", "do"))
