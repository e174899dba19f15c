"""What a template makes of a conversation, against texts put together by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests import chats
from tunebook.core.chat import Chat, Turn
from tunebook.models.chat_text import (
    HOLD,
    ChatTextError,
    apart,
    check_whole,
    facts,
    messages_of,
    opened,
    ready,
    text_of,
    thought,
)  # fmt: skip

SPECIAL = ("<end>", "<one>", "<two>")
PLAIN = (
    "{% for m in messages %}{{ m.role + ':' + m.content + ('<one><two>' if m.role == 'assistant' else '\\n') }}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"
)
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + PLAIN
OPENS_A_THOUGHT = PLAIN.replace("{{ 'assistant:' }}", "{{ 'assistant:<think>' }}")
TALK = Chat.of(("system", "be short"), ("user", "why?"), ("assistant", "so"))


def tokenizer_of(template: str, special: tuple[str, ...] = SPECIAL) -> Any:
    tokenizer = chats.byte_level(special)
    tokenizer.chat_template = template
    return tokenizer


def test_facts_of_a_template_are_seen_in_what_it_writes() -> None:
    known = facts(tokenizer_of(PLAIN))
    assert (known.system, known.opens, known.tail, known.end) == (True, True, "<one><two>", "<two>")
    assert set(SPECIAL) <= set(known.marks)
    assert known.special.findall("a <one> of <two> or <three>") == ["<one>", "<two>"]
    assert known.ending.findall("a <one> of <two> or <end>") == ["<two>", "<end>"]
    other = facts(tokenizer_of(NO_SYSTEM))
    assert (other.system, other.opens) == (False, True)
    assert not facts(tokenizer_of(OPENS_A_THOUGHT)).opens
    endless = facts(tokenizer_of("{% for m in messages %}{{ m.content }}{% endfor %}"))
    assert (endless.tail, endless.end) == ("", "")


def test_facts_follow_the_template_that_a_tokenizer_is_given() -> None:
    tokenizer = tokenizer_of(PLAIN)
    assert facts(tokenizer).system
    tokenizer.chat_template = NO_SYSTEM
    assert not facts(tokenizer).system


def test_words_of_a_system_stand_before_the_question_where_they_have_no_place() -> None:
    tokenizer = tokenizer_of(NO_SYSTEM)
    assert text_of(ready(TALK, tokenizer), tokenizer) == "user:be short\n\nwhy?\nassistant:so<one><two>"
    assert ready(TALK, tokenizer_of(PLAIN)) == TALK
    with pytest.raises(ChatTextError) as error:
        ready(Chat.of(("user", "a"), ("assistant", "b"), ("system", "last")), tokenizer)
    assert error.value.reason == "template"


def test_words_that_look_like_special_tokens_are_kept_apart() -> None:
    tokenizer = tokenizer_of(PLAIN)
    asked = ready(Chat.of(("user", "is <one> it?"), ("assistant", "<one> or <two>")), tokenizer)
    text = text_of(asked, tokenizer)
    parts = [(text[start:stop], plain) for start, stop, plain in apart(text)]
    assert [part for part, plain in parts if plain] == ["<one>", "<two>"]  # an assistant may say what ends nothing
    assert "".join(part for part, _ in parts) == "user:is <one> it?\nassistant:<one> or <two><one><two>"
    assert [item for item in apart("no signs")] == [(0, 8, False)]
    with pytest.raises(ChatTextError) as error:
        ready(Chat.of(("user", f"a{HOLD}b")), tokenizer)
    assert (error.value.reason, error.value.detail) == ("signs", "user")


def test_a_conversation_is_opened_where_its_next_answer_begins() -> None:
    asked = Chat.of(("user", "why?"))
    assert opened(asked, tokenizer_of(PLAIN)) == "user:why?\nassistant:"
    tokenizer = tokenizer_of(OPENS_A_THOUGHT)  # its own opening stands in no answer
    assert text_of(asked, tokenizer, ask=True).endswith("assistant:<think>")
    assert opened(asked, tokenizer) == "user:why?\nassistant:"


def test_what_a_template_says_is_told() -> None:
    with pytest.raises(ChatTextError, match="never") as error:
        text_of(TALK, tokenizer_of("{{ raise_exception('never') }}"))
    assert error.value.reason == "template"


def test_turns_are_messages_with_calls_as_objects() -> None:
    call = {"function": {"name": "rain", "arguments": json.dumps({"town": "Bern"})}}
    turns = (Turn("assistant", "", calls=json.dumps([call, "odd"])), Turn("tool", "no", name="rain"))
    assert messages_of(turns) == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"function": {"name": "rain", "arguments": {"town": "Bern"}}}, "odd"],
        },
        {"role": "tool", "content": "no", "name": "rain"},
    ]
    with pytest.raises(ChatTextError) as error:
        messages_of([Turn("assistant", "", calls="{rain")])
    assert (error.value.reason, error.value.detail) == ("calls", "{rain")


def test_a_text_without_words_of_its_conversation_is_refused() -> None:
    tools = json.dumps([{"name": "rain"}])
    turns = (
        Turn("user", " why? "),
        Turn("assistant", "<think>hm</think>so", calls=json.dumps([{"name": "rain"}])),
        Turn("tool", 'a "no"'),
    )
    check_whole(Chat(turns, tools), 'why? so rain a \\"no\\"')  # thoughts may be left out, what a tool gave is JSON
    for text, detail in (
        ('so rain a "no"', "user, turn 1"),
        ('why? rain a "no"', "assistant, turn 2"),
        ('why? so a "no"', "assistant, turn 2"),
        ("why? so rain", "tool, turn 3"),
    ):
        with pytest.raises(ChatTextError) as error:
            check_whole(Chat(turns, tools), text)
        assert (error.value.reason, error.value.detail) == ("left_out", detail)
    with pytest.raises(ChatTextError) as error:
        check_whole(Chat(turns[:1], tools), "why?")
    assert error.value.detail == "tools"


def test_thoughts_are_looked_for_in_what_is_learnt() -> None:
    turn = Turn("assistant", "<think> two and two </think>four")
    assert thought(turn, "<think>\ntwo and two\n</think>\n\nfour")
    assert not thought(turn, "four")
    assert thought(Turn("assistant", "four"), "four")
