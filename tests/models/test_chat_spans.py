"""Where answers stand in a text, against places that are marked in it by hand."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests import chats
from tunebook.core.chat import Chat, Turn
from tunebook.models.chat_spans import Span, answer_spans
from tunebook.models.chat_text import ChatTextError, text_of

TURN = "{{ m.role + ':' + said + ('<end>' if m.role == 'assistant' else '') + '\\n' }}"
ASK = "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"
PLAIN = "{% for m in messages %}{% set said = m.content %}" + TURN + "{% endfor %}" + ASK
DROPS_THOUGHTS = PLAIN.replace(
    "{% set said = m.content %}",
    "{% set said = m.content if loop.last else m.content.split('</think>')[-1] | trim %}",
)
MARKS = PLAIN.replace(
    TURN,
    "{{ m.role + ':' }}{% if m.role == 'assistant' %}"
    "{% generation %}{{ said if loop.last else said | upper }}{% endgeneration %}{{ '<end>' }}"
    "{% else %}{{ said }}{% endif %}{{ '\\n' }}",
)
TALK = Chat.of(("user", "a?"), ("assistant", "yes"), ("user", "b?"), ("assistant", "no"))
THINKS = Chat.of(("user", "a?"), ("assistant", "<think>hm</think> yes"), ("user", "b?"), ("assistant", "no"))


def tokenizer_of(template: str) -> Any:
    tokenizer = chats.byte_level(("<end>", "<other>"))
    tokenizer.chat_template = template
    return tokenizer


def marked(chat: Chat, template: str, *wanted: int) -> str:
    """The text with square brackets around each answer."""
    tokenizer = tokenizer_of(template)
    text = text_of(chat, tokenizer)
    spans: list[Span] = answer_spans(chat, tokenizer, text, wanted)
    for start, stop in reversed(spans):
        text = f"{text[:start]}[{text[start:stop]}]{text[stop:]}"
    return text


def test_an_answer_is_what_follows_the_turns_before_it() -> None:
    assert marked(TALK, PLAIN, 1, 3) == "user:a?\nassistant:[yes<end>]\nuser:b?\nassistant:[no<end>]\n"
    assert marked(TALK, PLAIN, 3) == "user:a?\nassistant:yes<end>\nuser:b?\nassistant:[no<end>]\n"
    assert marked(TALK, PLAIN) == "user:a?\nassistant:yes<end>\nuser:b?\nassistant:no<end>\n"


def test_an_answer_is_found_where_earlier_turns_lose_their_thoughts() -> None:
    text = "user:a?\nassistant:[yes<end>]\nuser:b?\nassistant:[no<end>]\n"
    assert marked(THINKS, DROPS_THOUGHTS, 1, 3) == text


def test_an_answer_is_what_the_template_marks_as_one() -> None:
    text = "user:a?\nassistant:[YES<end>]\nuser:b?\nassistant:[no<end>]\n"
    assert marked(TALK, MARKS, 1, 3) == text


def test_an_answer_without_an_end_is_refused() -> None:
    with pytest.raises(ChatTextError) as error:
        marked(TALK, PLAIN.replace("<end>", ""), 1, 3)
    assert (error.value.reason, error.value.detail) == ("no_end", "yes")


def test_an_end_among_the_words_ends_no_answer() -> None:
    chat = Chat.of(("user", "a?"), ("assistant", "say <end> twice"))
    assert marked(chat, PLAIN, 1) == "user:a?\nassistant:[say <end> twice<end>]\n"


def test_what_cannot_be_told_is_refused() -> None:
    shouts = PLAIN.replace(
        "{% set said = m.content %}", "{% set said = m.content if loop.last else m.content | upper %}"
    )
    with pytest.raises(ChatTextError) as error:
        marked(TALK, shouts, 1, 3)
    assert error.value.reason == "unknown"
    calls = Chat((*THINKS.turns[:3], Turn("assistant", "no", calls=json.dumps([{"name": "rain"}]))))
    with pytest.raises(ChatTextError) as error:
        marked(calls, DROPS_THOUGHTS, 1, 3)
    assert (error.value.reason, error.value.detail) == ("unknown", "calls")
    half = re.sub("{% generation %}", "{% if loop.last %}{% generation %}", MARKS)
    half = half.replace("{% endgeneration %}", "{% endgeneration %}{% else %}{{ said | upper }}{% endif %}")
    with pytest.raises(ChatTextError) as error:
        marked(TALK, half, 1, 3)
    assert (error.value.reason, error.value.detail) == ("unknown", "generation")
