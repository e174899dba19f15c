"""A better and a worse answer from rows of every shape: what they say, and the reason why one cannot be used."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tunebook.core.chat import Chat
from tunebook.data.answer_pairs import FOUND, judged_column, judged_of, judged_table, pair_columns
from tunebook.data.chat_turns import ChatError
from tunebook.data.chats import chats_of

ASK, MORE = {"role": "user", "content": "2 + 2?"}, {"role": "user", "content": "And 3 + 3?"}
GOOD, BAD, FIRST = ({"role": "assistant", "content": text} for text in ("It is four.", "Five.", "Four."))
ONE = Chat.of(("user", "2 + 2?"))
SHAREGPT = [{"from": "human", "value": "2 + 2?"}]
HUMAN = "\n\nHuman: 2 + 2?\n\nAssistant: "


def turns(*items: dict[str, str]) -> list[dict[str, str]]:
    return list(items)


PAIRS: dict[str, dict[str, Any]] = {
    "texts": {"prompt": "2 + 2?", "chosen": "It is four.", "rejected": "Five."},
    "turns beside a prompt": {"prompt": [ASK], "chosen": [GOOD], "rejected": [BAD]},
    "a turn each": {"messages": [ASK], "chosen": GOOD, "rejected": BAD},
    "whole conversations": {"chosen": [ASK, GOOD], "rejected": [ASK, BAD]},
    "whole conversations and a prompt": {"prompt": "2 + 2?", "chosen": [ASK, GOOD], "rejected": [ASK, BAD]},
    "whole conversations as JSON": {"chosen": json.dumps([ASK, GOOD]), "rejected": json.dumps([ASK, BAD])},
    "sharegpt": {"conversations": SHAREGPT, "chosen": {"from": "gpt", "value": "It is four."},
                 "rejected": {"from": "gpt", "value": "Five."}},
    "alpaca": {"instruction": "2 + 2?", "input": "", "chosen": "It is four.", "rejected": "Five."},
    "hh": {"chosen": HUMAN + "It is four.", "rejected": HUMAN + "Five."},
    "ms-swift": {"messages": [ASK, GOOD], "rejected_response": "Five."},
    "ms-swift query": {"query": "2 + 2?", "response": "It is four.", "rejected_response": "Five."},
    "ms-swift messages": {"messages": [ASK, GOOD], "rejected_messages": [ASK, BAD]},
    "ms-swift last message": {"messages": [ASK, GOOD], "rejected_messages": [BAD]},
    "other names": {"question": "2 + 2?", "response_chosen": "It is four.", "response_rejected": "Five."},
}  # fmt: skip


@pytest.mark.parametrize("shape", PAIRS)
def test_all_shapes_say_the_same(shape: str) -> None:
    found = judged_of(PAIRS[shape])
    assert (found.asked, found.chosen, found.rejected) == (ONE, "It is four.", "Five.")


@pytest.mark.parametrize("said", [True, "true", 1, "1", "yes", "是", False, "false", 0, "0.0", "no", "否"])
@pytest.mark.parametrize("name", ["label", "kto_tag"])
def test_an_answer_alone_is_good_or_bad(name: str, said: Any) -> None:
    good = said in (True, "true", 1, "1", "yes", "是")
    wanted = ("It is four.", None) if good else (None, "It is four.")
    for row in ({"messages": [ASK, GOOD]}, {"prompt": "2 + 2?", "completion": "It is four."}):
        found = judged_of({**row, name: said})
        assert (found.asked, found.chosen, found.rejected) == (ONE, *wanted)


def test_conversations_are_compared_by_turns_and_not_inside_words() -> None:
    """Both answers begin alike: a prefix of characters would end inside the first word."""
    one, two = ({"role": "assistant", "content": text} for text in ("Four it is.", "Fourteen."))
    found = judged_of({"chosen": [ASK, FIRST, MORE, one], "rejected": [ASK, FIRST, MORE, two]})
    assert found.asked == Chat.of(("user", "2 + 2?"), ("assistant", "Four."), ("user", "And 3 + 3?"))
    assert (found.chosen, found.rejected) == ("Four it is.", "Fourteen.")


def test_a_system_and_tools_beside_whole_conversations_are_kept() -> None:
    found = judged_of({"system": "Be short.", "chosen": [ASK, GOOD], "rejected": [ASK, BAD]})
    assert [turn.role for turn in found.asked.turns] == ["system", "user"]


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "same": ({"prompt": "a", "chosen": "b", "rejected": " b "}, "preference_same"),
    "empty": ({"prompt": "a", "chosen": "b", "rejected": " "}, "empty_answer"),
    "none": ({"prompt": "a", "chosen": None, "rejected": "b"}, "empty_answer"),
    "no turns": ({"prompt": "a", "chosen": [], "rejected": "b"}, "empty_answer"),
    "other prompts": ({"chosen": [ASK, GOOD], "rejected": [MORE, BAD]}, "preference_prompts"),
    "another prompt": ({"messages": [ASK, GOOD], "rejected_messages": [MORE, BAD]}, "preference_prompts"),
    "answered": ({"messages": [ASK, FIRST], "chosen": "b", "rejected": "c"}, "preference_order"),
    "a user answers": ({"prompt": "a", "chosen": {"role": "user", "content": "b"}, "rejected": "c"}, "chat_last"),
    "nobody judged": ({"prompt": "a", "completion": "b", "label": None}, "no_label"),
    "no word": ({"prompt": "a", "completion": "b", "label": "perhaps"}, "no_label"),
    "no prompt": ({"chosen": "b", "rejected": "c"}, "chat_none"),
    "nothing": ({"prompt": "a"}, "chat_none"),
    "unknown": ({"prompt": [{"role": "x", "content": "a"}], "chosen": "b", "rejected": "c"}, "chat_role"),
    "calls": ({"prompt": "a", "rejected": "c", "chosen": {"role": "assistant", "content": "",
               "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}}, "preference_calls"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_used_has_a_reason(fault: str) -> None:
    row, reason = FAULTS[fault]
    with pytest.raises(ChatError) as caught:
        judged_of(row)
    assert caught.value.reason == reason
    assert judged_table([row])["judged"].to_pylist()[0]["fault"] == reason


def test_a_table_holds_prompts_answers_and_what_else_is_said() -> None:
    table = judged_table([{**PAIRS["texts"], "id": 7, "source": "a", "more": [1]}, PAIRS["sharegpt"]])
    assert table.column_names == ["prompt", "chat", "judged", "id", "source"] and table["judged"].type == FOUND
    assert chats_of(table["chat"]) == [ONE, ONE] and table["prompt"].to_pylist() == ["2 + 2?"] * 2
    assert table["id"].to_pylist() == [7, None]


def test_text_that_looks_like_json_is_text() -> None:
    found = judged_of({"prompt": "a", "chosen": '[{"a', "rejected": "Human: who?"})
    assert (found.chosen, found.rejected) == ('[{"a', "Human: who?")


def test_columns_of_answers_are_known_by_their_names() -> None:
    assert pair_columns(["prompt", "chosen", "rejected"]) == ("chosen", "rejected")
    assert pair_columns(["messages", "rejected_response"]) == (None, "rejected_response")
    assert pair_columns(["prompt", "chosen"]) is None
    assert judged_column(["messages", "kto_tag", "label"]) == "kto_tag" and judged_column(["text"]) is None
