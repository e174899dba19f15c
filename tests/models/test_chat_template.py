"""What is learnt of a conversation, token by token, against texts put together by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests import chats, small
from tunebook.core.chat import Chat, question
from tunebook.core.errors import ModelError
from tunebook.models.chat_template import Refused, Rendered, end_tokens, prompt, render, with_template

CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TALK = Chat.of(
    ("system", "be short"), ("user", "yes or no?"), ("assistant", "no"), ("user", "今天?"), ("assistant", "yes 今天")
)


def learnt(found: Any, tokenizer: Any) -> list[str]:
    """The texts of the learnt parts."""
    assert isinstance(found, Rendered), found
    parts: list[list[int]] = []
    for place, (token, wanted) in enumerate(zip(found.input_ids, found.learnt, strict=True)):
        if wanted and (place == 0 or not found.learnt[place - 1]):
            parts.append([])
        if wanted:
            parts[-1].append(token)
    return [tokenizer.decode(part) for part in parts]


def test_answers_and_their_end_are_learnt_and_nothing_else() -> None:
    tokenizer = with_template(chats.byte_level(CHATML), "chatml")
    found = render(TALK, tokenizer, learn="all", max_length=500)
    assert learnt(found, tokenizer) == ["no<|im_end|>", "yes 今天<|im_end|>"]
    assert learnt(render(TALK, tokenizer, learn="last", max_length=500), tokenizer) == ["yes 今天<|im_end|>"]
    assert isinstance(found, Rendered)
    assert tokenizer.decode(found.input_ids) == (
        "<|im_start|>system\nbe short<|im_end|>\n<|im_start|>user\nyes or no?<|im_end|>\n"
        "<|im_start|>assistant\nno<|im_end|>\n<|im_start|>user\n今天?<|im_end|>\n"
        "<|im_start|>assistant\nyes 今天<|im_end|>\n"
    )
    assert end_tokens(tokenizer) == (2, 0)


@pytest.mark.parametrize("name", ["chatml", "llama", "plain"])
@pytest.mark.parametrize("tokenizer", [chats.byte_level(), chats.byte_level(CHATML), chats.pieces()], ids=str)
def test_a_prompt_is_the_start_of_what_is_learnt(tokenizer: Any, name: str) -> None:
    with_template(tokenizer, name)
    found = render(TALK, tokenizer, learn="last", max_length=500)
    assert isinstance(found, Rendered)
    start = prompt(TALK, tokenizer)
    assert found.input_ids[: len(start)] == start == prompt(TALK.asked, tokenizer)
    assert found.learnt[len(start)]
    assert not any(found.learnt[: len(start)])


def test_a_conversation_without_an_answer_is_refused() -> None:
    tokenizer = with_template(chats.byte_level())
    assert render(question("yes?"), tokenizer, max_length=50) == Refused("nothing_learnt")


def test_words_of_a_bert_have_the_separator_as_their_end() -> None:
    tokenizer = with_template(small.tokenizer())
    assert end_tokens(tokenizer) == (3,)
    assert tokenizer.pad_token_id == 0


def test_an_unknown_template_is_refused() -> None:
    with pytest.raises(ModelError) as error:
        with_template(chats.byte_level(), "alpaca")
    assert error.value.code == "chat.name"
