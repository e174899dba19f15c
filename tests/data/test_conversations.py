"""Conversations of rows, in all the shapes in which files have them."""

import json

import pytest

from tunebook.core.chat import Chat, Turn
from tunebook.data.chat_turns import ChatError
from tunebook.data.conversations import answer_of, asked_of, chat_of, chats_of_row

PLAIN = Chat.of(("user", "Where?"), ("assistant", "Here."))
LONG = Chat.of(
    ("system", "Be kind."), ("user", "Who?"), ("assistant", "Me."), ("user", "Where?"), ("assistant", "Here.")
)
TURNS = [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "Here."}]
CALL = {"name": "find", "arguments": {"what": "key"}}
CALLED = json.dumps([{"type": "function", "function": CALL}])
TOOLS = [{"type": "function", "function": {"name": "find", "parameters": {}}}]


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "Where?", "output": "Here."},
        {"instruction": "Where?", "input": "", "output": "Here.", "system": None, "history": []},
        {"prompt": "Where?", "completion": "Here."},
        {"query": "Where?", "response": "Here.", "history": None},
        {"question": "Where?", "answer": "Here."},
        {"messages": TURNS},
        {"messages": json.dumps(TURNS)},
        {"conversations": [{"from": "human", "value": "Where?"}, {"from": "gpt", "value": "Here."}]},
        {"conversation": [{"human": "Where?", "assistant": "Here."}]},
        {"conversation": [{"system": "", "input": "Where?", "output": "Here."}]},
        {"prompt": TURNS[:1], "completion": TURNS[1:]},
        {"prompt": json.dumps(TURNS[:1]), "completion": TURNS[1]},
        {"prompt": "Where?", "completion": json.dumps(TURNS[1])},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Where?"}]}, TURNS[1]]},
        {"messages": [{"role": "user", "content": ["Whe", "re?"]}, TURNS[1]], "tools": "[]"},
    ],
)
def test_shapes_of_one_question(row):
    assert chat_of(row) == PLAIN
    assert (asked_of(PLAIN), answer_of(PLAIN)) == ("Where?", "Here.")


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "Where?", "output": "Here.", "system": "Be kind.", "history": [["Who?", "Me."]]},
        {"query": "Where?", "response": "Here.", "system_prompt": "Be kind.", "history": '[["Who?", "Me."]]'},
        {
            "instruction": "Where?",
            "output": "Here.",
            "system": "Be kind.",
            "history": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Me."}],
        },
        {"messages": [{"role": r.role, "content": r.content} for r in LONG.turns]},
        {
            "system": "Be kind.",
            "conversations": [
                {"from": "human", "value": "Who?"},
                {"from": "gpt", "value": "Me."},
                {"from": "user", "value": "Where?"},
                {"from": "assistant", "value": "Here."},
            ],
        },
        {
            "conversation": [
                {"system": "Be kind.", "input": "Who?", "output": "Me."},
                {"input": "Where?", "output": "Here."},
            ]
        },
    ],
)
def test_shapes_of_several_turns(row):
    assert chat_of(row) == LONG


def test_an_input_stands_below_its_instruction_and_instances_are_rows():
    found = chat_of({"instruction": "Shorten.", "input": "A long text", "output": "Text"})
    assert found == Chat.of(("user", "Shorten.\nA long text"), ("assistant", "Text"))
    dolly = {"instruction": "Shorten.", "context": "A long text", "response": "Text", "category": "short"}
    assert chat_of(dolly) == chat_of({"question": "Shorten.", "context": "A long text", "answer": "Text"}) == found
    row = {"instruction": "Shorten.", "instances": [{"input": "aa", "output": "a"}, {"input": "", "output": "b"}]}
    assert [asked_of(chat) for chat in chats_of_row(row)] == ["Shorten.\naa", "Shorten."]
    written = {**row, "instances": json.dumps(row["instances"])}
    assert chats_of_row(written) == chats_of_row(row)


def test_columns_that_are_told():
    row = {"text": "Where?", "says": "Here.", "system": "Be kind."}
    assert chat_of(row, ("text", "says")).turns[1:] == PLAIN.turns
    assert chat_of({"talk": TURNS}, ("talk", None)) == PLAIN
    with pytest.raises(ChatError):
        chat_of(row, ("text", None))
    liked = {"conversations": TURNS[:1], "chosen": TURNS[1], "rejected": bot("There.")}
    assert chat_of(liked, (None, "chosen")) == chat_of({"chosen": TURNS}, ("chosen", None)) == PLAIN
    several = {"prompt": "Where?", "completion": "There.", "better": "Here.", "question": "?"}
    assert chat_of(several, (None, "better")) == PLAIN
    assert chat_of({**several, "q": "Where?"}, ("q", "better")) == PLAIN
    assert chat_of({"q": "Where?", "completion": "Here.", "question": "?"}, ("q", None)) == PLAIN
    assert chat_of({"q": "Where?"}, ("q", None), answered=False).asked == PLAIN.asked


@pytest.mark.parametrize(
    "turns",
    [
        [
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": CALL}]},
            {"role": "tool", "tool_call_id": "1", "content": "[1]"},
        ],
        [
            {
                "role": "assistant",
                "tool_calls": [{"id": "1", "function": {"name": "find", "arguments": '{"what": "key"}'}}],
            },
            {"role": "tool", "name": "find", "content": "[1]"},
        ],
        [
            {"role": "assistant", "content": "", "function_call": {"name": "find", "arguments": '{"what": "key"}'}},
            {"role": "function", "name": "find", "content": "[1]"},
        ],
        [
            {"from": "function_call", "value": json.dumps(CALL)},
            {"from": "observation", "value": "[1]", "name": "find"},
        ],
    ],
)
def test_calls_and_results(turns):
    found = chat_of({"messages": [TURNS[0], *turns, TURNS[1]], "tools": TOOLS})
    assert found.turns[1] == Turn("assistant", "", calls=CALLED)
    assert found.turns[2] == Turn("tool", "[1]", name="find")
    assert json.loads(found.tools) == TOOLS
    bare = {"messages": TURNS, "tools": json.dumps([TOOLS[0]["function"]])}
    assert json.loads(chat_of(bare).tools) == TOOLS
    assert asked_of(found) == f"Where?\n{CALLED}\n[1]"


def test_what_is_said_and_then_called_is_one_turn_and_may_be_the_answer():
    said = {"from": "gpt", "value": "Let me see."}
    found = chat_of({"conversations": [TURNS[0], said, {"from": "function_call", "value": CALLED}]})
    assert found.turns[1] == Turn("assistant", "Let me see.", calls=CALLED)
    alone = chat_of({"conversations": [TURNS[0], {"from": "function_call", "value": json.dumps(CALL)}]})
    assert answer_of(alone) == CALLED


def test_what_is_to_be_learnt_is_told_by_turns():
    marks = ({"weight": 0}, {"train": True}, {"loss": "False"}, {"loss": " 1 "})
    found = chat_of({"messages": [turn for mark in marks for turn in (TURNS[0], {**TURNS[1], **mark})]})
    assert [turn.learn for turn in found.turns[1::2]] == [False, True, False, True]


def user(words="Where?"):
    return {"role": "user", "content": words}


def bot(words="Here.", **more):
    return {"role": "assistant", "content": words, **more}


@pytest.mark.parametrize(
    ("reason", "row"),
    [
        ("chat_none", {"text": "a", "label": "b"}),
        ("chat_none", {"messages": []}),
        ("chat_none", {"messages": [{"role": "system", "content": "a"}]}),
        ("chat_json", {"messages": "[{'role': 'user'}]"}),
        ("chat_json", {"instruction": "a", "instances": [1]}),
        ("chat_json", {"prompt": "a", "completion": "b", "history": "{}"}),
        ("chat_role", {"messages": [{"role": "narrator", "content": "a"}]}),
        ("chat_role", {"messages": ["a", "b"]}),
        ("chat_role", {"messages": [{"speaker": "a"}]}),
        ("chat_content", {"messages": [{"role": "user"}, bot()]}),
        ("chat_content", {"messages": [user([{"type": "image_url", "image_url": "x"}]), bot()]}),
        ("chat_content", {"messages": [user([1]), bot()]}),
        ("chat_content", {"messages": [user({"a": 1}), bot()]}),
        ("chat_media", {"messages": [user("<image>"), bot()], "images": ["a.png"]}),
        ("chat_calls", {"messages": [user(), {"from": "function_call", "value": "find(key)"}]}),
        ("chat_calls", {"messages": [user(), bot(tool_calls=[{"function": {"arguments": "{}"}}])]}),
        ("chat_calls", {"messages": [user(), bot(tool_calls=[{"function": {"name": "f", "arguments": "[1]"}}])]}),
        ("chat_tools", {"messages": [user(), bot()], "tools": "find(what)"}),
        ("chat_tools", {"messages": [user(), bot()], "tools": [{"type": "function"}]}),
        ("chat_history", {"prompt": "a", "completion": "b", "history": ["Who?"]}),
        ("chat_system", {"messages": [user(), {"role": "system", "content": "a"}, bot()]}),
        ("chat_order", {"messages": [bot(), user(), bot()]}),
        ("chat_order", {"messages": [user(), user(), bot()]}),
        ("chat_order", {"messages": [user(), bot(), bot()]}),
        ("chat_order", {"messages": [user(), bot("", function_call={"name": "f"}), user(), bot()]}),
        ("chat_tool", {"messages": [user(), {"role": "tool", "content": "1"}, bot()]}),
        ("chat_last", {"messages": [user()]}),
        ("chat_last", {"messages": [user(), bot("", function_call=CALL), {"role": "tool", "content": "1"}]}),
        ("chat_empty", {"messages": [user(" "), bot()]}),
        ("chat_empty", {"messages": [user(), bot(" "), user(), bot()]}),
        ("empty_answer", {"instruction": "a", "output": ""}),
        ("empty_answer", {"instruction": "a", "output": None}),
        ("empty_answer", {"messages": [user(), bot("\n")]}),
    ],
)
def test_what_cannot_be_learnt_has_a_reason(reason, row):
    with pytest.raises(ChatError) as error:
        chat_of(row)
    assert error.value.reason == reason


def test_rows_to_predict_need_no_answer():
    rows = ({"prompt": "Where?"}, {"messages": TURNS[:1]}, {"messages": TURNS}, {"query": "Where?", "response": ""})
    for row in rows:
        assert chat_of(row, answered=False).asked == PLAIN.asked
