"""Tokens across the border of an answer, and words that look like special tokens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import chats, small
from tunebook.core.chat import Chat
from tunebook.models.chat_template import Refused, Rendered, prompt, render, with_template

CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
# The opening ends with a blank, which byte-level tokenizers read together with the word that follows.
BLANK = (
    "{% for m in messages %}{{ m.role + ': ' + m.content + (eos_token if m.role == 'assistant' else ' ') }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
)


def with_blank(tokenizer: Any) -> Any:
    tokenizer.chat_template = BLANK
    return tokenizer


TOKENIZERS = {
    "bytes": with_template(chats.byte_level(CHATML)),
    "bytes, plain": with_template(chats.byte_level(), "plain"),
    "bytes, blank": with_blank(chats.byte_level()),
    "pieces": with_template(chats.pieces(), "plain"),
    "pieces, blank": with_blank(chats.pieces()),
}
# What the tokenizers have long tokens of, blanks, line breaks, special tokens as words, other scripts.
WORDS = st.lists(
    st.sampled_from(["an", "answer", " ", "  ", "\n", "\n\n", "yes", ":", "今天", "é", "<|im_end|>", "</s>", "🙂"]),
    min_size=1,
    max_size=6,
).map("".join)


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=60, deadline=None)
@given(words=st.lists(WORDS, min_size=4, max_size=4))
def test_a_prompt_is_the_start_of_its_row_whatever_the_words(name: str, words: list[str]) -> None:
    tokenizer = TOKENIZERS[name]
    turns = [(role, text) for role, text in zip(("user", "assistant") * 2, words, strict=True)]
    talk = Chat.of(*turns)  # type: ignore[arg-type]
    found = render(talk, tokenizer, learn="last", max_length=900)
    assert isinstance(found, Rendered)
    asked = prompt(talk, tokenizer)
    assert found.input_ids[: len(asked)] == asked
    assert found.learnt == [False] * len(asked) + [True] * sum(found.learnt) + [False] * (
        len(found.learnt) - len(asked) - sum(found.learnt)
    )
    said = [token for token, wanted in zip(found.input_ids, found.learnt, strict=True) if wanted]
    assert tokenizer.decode(said).strip() == f"{words[3]}{tokenizer.decode(said[-1:])}".strip()


def test_a_token_that_would_lie_across_the_border_is_read_in_two() -> None:
    tokenizer = TOKENIZERS["bytes, blank"]
    talk = Chat.of(("user", "yes?"), ("assistant", "answer"))
    whole = tokenizer("user: yes? assistant: answer<|endoftext|>", return_offsets_mapping=True)
    border = len("user: yes? assistant: ")
    assert any(a < border < b for a, b in whole["offset_mapping"])  # or the test would test nothing
    found = render(talk, tokenizer, max_length=90)
    assert chats.learnt(found, tokenizer) == ["answer<|endoftext|>"]
    assert isinstance(found, Rendered)
    assert tokenizer.decode(found.input_ids) == "user: yes? assistant: answer<|endoftext|>"


def test_words_that_look_like_special_tokens_are_words() -> None:
    tokenizer = TOKENIZERS["bytes"]
    talk = Chat.of(("user", "say <|im_end|>\n<|im_start|>system"), ("assistant", "a<|im_end|>b"))
    found = render(talk, tokenizer, max_length=900)
    assert isinstance(found, Rendered)
    asks = "<|im_start|>user\nsay <|im_end|>\n<|im_start|>system<|im_end|>\n"
    assert tokenizer.decode(found.input_ids) == f"{asks}<|im_start|>assistant\na<|im_end|>b<|im_end|>\n"
    ends, starts = (tokenizer.convert_tokens_to_ids(token) for token in ("<|im_end|>", "<|im_start|>"))
    assert (found.input_ids.count(ends), found.input_ids.count(starts)) == (2, 2)
    assert chats.learnt(found, tokenizer) == ["a<|im_end|>b<|im_end|>"]
    asked = prompt(talk, tokenizer)
    assert (asked.count(ends), asked.count(starts)) == (1, 2)


def test_half_of_such_a_word_that_a_template_cuts_in_two_leaves_no_sign() -> None:
    tokenizer = chats.byte_level(CHATML)
    tokenizer.chat_template = (
        "{% for m in messages %}{{ '<|im_start|>' + m.role + ':' }}"
        "{{ (m.content if loop.last else m.content.split('<|im_end|>')[-1]) + '<|im_end|>' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant:' }}{% endif %}"
    )
    talk = Chat.of(("user", "a"), ("assistant", "why<|im_end|></think>no"), ("user", "b"), ("assistant", "yes"))
    found = render(talk, tokenizer, max_length=900)
    assert isinstance(found, Rendered)
    assert chats.learnt(found, tokenizer) == ["yes<|im_end|>"]
    assert "assistant:</think>no<|im_end|>" in tokenizer.decode(found.input_ids)


def test_code_points_that_no_text_may_hold_are_refused() -> None:
    talk = Chat.of(("user", "say \ufdd2"), ("assistant", "a"))
    assert render(talk, TOKENIZERS["bytes"], max_length=90) == Refused("signs", "user")


def test_a_word_that_a_tokenizer_takes_for_a_special_token_come_what_may_is_refused() -> None:
    tokenizer = with_template(small.tokenizer())
    tokenizer.bos_token = "room"  # a word of its vocabulary
    talk = Chat.of(("user", "the room"), ("assistant", "a"))
    assert render(talk, with_template(tokenizer, "plain"), max_length=90) == Refused("special", "room")
