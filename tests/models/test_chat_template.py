"""What is learnt of a conversation, token by token, against texts put together by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import chats, small
from tunebook.core.chat import Chat, Turn, question
from tunebook.core.errors import ModelError
from tunebook.models.chat_template import (
    Learn,
    Refused,
    Rendered,
    end_tokens,
    prompt,
    render,
    whole_text,
    with_template,
)

CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TALK = Chat.of(
    ("system", "be short"), ("user", "yes or no?"), ("assistant", "no"), ("user", "今天?"), ("assistant", "yes 今天")
)


def test_answers_and_their_end_are_learnt_and_nothing_else() -> None:
    tokenizer = with_template(chats.byte_level(CHATML), "chatml")
    found = render(TALK, tokenizer, learn="all", max_length=500)
    assert chats.learnt(found, tokenizer) == ["no<|im_end|>", "yes 今天<|im_end|>"]
    assert chats.learnt(render(TALK, tokenizer, learn="last", max_length=500), tokenizer) == ["yes 今天<|im_end|>"]
    assert isinstance(found, Rendered)
    assert tokenizer.decode(found.input_ids) == (
        "<|im_start|>system\nbe short<|im_end|>\n<|im_start|>user\nyes or no?<|im_end|>\n"
        "<|im_start|>assistant\nno<|im_end|>\n<|im_start|>user\n今天?<|im_end|>\n"
        "<|im_start|>assistant\nyes 今天<|im_end|>\n"
    )
    assert end_tokens(tokenizer) == (2, 0)
    assert end_tokens(chats.byte_level(CHATML)) == (0,)  # without a template


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


NEVER_OPENS = "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + eos_token + '\\n' }}{% endfor %}"
SHORTENS = NEVER_OPENS.replace("m['content']", "(m['content'] if loop.last else m['content'].split('</think>')[-1])")


@pytest.mark.parametrize("template", [NEVER_OPENS, SHORTENS])
@pytest.mark.parametrize("answer", ["yes", "no 今天", "<think>hm</think>yes"])
def test_what_a_template_writes_before_every_answer_is_not_learnt(template: str, answer: str) -> None:
    tokenizer = chats.byte_level()
    tokenizer.chat_template = template
    chat = Chat.of(("user", "a?"), ("assistant", "<think>hm</think>so"), ("user", "b?"), ("assistant", answer))
    found = render(chat, with_template(tokenizer), learn="last", max_length=500)
    assert chats.learnt(found, tokenizer) == [f" {answer}<|endoftext|>"]  # the blank belongs to the first word's token
    start = prompt(chat, tokenizer)
    assert isinstance(found, Rendered) and found.input_ids[: len(start)] == start and found.learnt[len(start)]
    assert tokenizer.decode(start).endswith("b?<|endoftext|>\nassistant:")


@pytest.mark.parametrize("before", [" ", "", "\\n"])
def test_blanks_before_every_answer_are_its_own(before: str) -> None:
    tokenizer = chats.byte_level()
    tokenizer.chat_template = (
        "{% for m in messages %}{{ '[' + m['content'] + ']' if m['role'] == 'user' else '"
        + before
        + "' + m['content'] + eos_token }}{% endfor %}"
    )
    assert tokenizer.decode(prompt(question("a?"), with_template(tokenizer))) == "[a?]"


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


def test_an_unreadable_conversation_or_tokenizer_is_refused() -> None:
    tokenizer = with_template(chats.byte_level())
    asked = Chat.of(("user", "say <|endoftext|>!"), ("assistant", "a"))
    assert whole_text(asked, tokenizer) == "user:\nsay <|endoftext|>!\nassistant:\na<|endoftext|>\n"
    tokenizer.chat_template = "{{ raise_exception('never') }}"
    assert whole_text(asked, tokenizer) == ""
    assert render(TALK, tokenizer, max_length=50) == Refused("template", "TemplateError: never")
    for call in (lambda: prompt(TALK, tokenizer), lambda: end_tokens(tokenizer), lambda: with_template(tokenizer)):
        with pytest.raises(ModelError) as error:
            call()
        assert error.value.code == "chat.refused"
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    with pytest.raises(ModelError) as error:
        with_template(tokenizer)
    assert error.value.code == "chat.no_end"
    assert render(TALK, tokenizer, max_length=50) == Refused("no_end", "no")
    with pytest.raises(ModelError) as error:
        with_template(chats.byte_level(eos_token=None), "plain")
    assert error.value.code == "chat.no_end"
    slow = Slow(with_template(chats.byte_level(), "plain"))
    with pytest.raises(ModelError) as error:
        render(TALK, slow, max_length=50)
    assert error.value.code == "chat.offsets"


class Slow:
    """A tokenizer that does not tell where its tokens stand."""

    is_fast = False

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_what_turns_say_of_themselves_goes_before_what_is_said_of_all() -> None:
    tokenizer = with_template(chats.byte_level(CHATML))
    turns = list(TALK.turns)
    first, second = "no<|im_end|>", "yes 今天<|im_end|>"
    cases: list[tuple[tuple[bool | None, bool | None], Learn, list[str]]] = [
        ((None, False), "all", [first]),
        ((True, None), "last", [first, second]),
        ((True, False), "last", [first]),
        ((False, None), "all", [second]),
    ]
    turns[0], turns[3] = replace(turns[0], learn=True), replace(turns[3], learn=True)  # never learnt
    for flags, learn, wanted in cases:
        turns[2], turns[4] = replace(turns[2], learn=flags[0]), replace(turns[4], learn=flags[1])
        found = render(Chat(tuple(turns)), tokenizer, learn=learn, max_length=500)
        assert chats.learnt(found, tokenizer) == wanted
    turns[2], turns[4] = replace(turns[2], learn=False), replace(turns[4], learn=False)
    assert render(Chat(tuple(turns)), tokenizer, max_length=500) == Refused("nothing_learnt")


def test_whole_turns_go_from_the_front_and_the_system_stays() -> None:
    tokenizer = with_template(chats.byte_level(CHATML))
    talk = Chat((*TALK.turns, Turn("user", "and?"), Turn("assistant", "no")))
    whole = render(talk, tokenizer, max_length=500)
    assert isinstance(whole, Rendered)
    shorter = {}
    for start in (3, 5):
        part = render(Chat((talk.turns[0], *talk.turns[start:])), tokenizer, max_length=500)
        assert isinstance(part, Rendered)
        shorter[start - 1] = part.input_ids
    end = len(whole.input_ids) - 1  # the line break after the last end need not be there
    assert render(talk, tokenizer, max_length=end) == Rendered(whole.input_ids[:-1], whole.learnt[:-1])
    for room in range(10, end):
        found = render(talk, tokenizer, max_length=room)
        fitting = [(gone, ids) for gone, ids in shorter.items() if len(ids) - 1 <= room]
        if not fitting:
            assert found == Refused("cut", f"{len(shorter[4]) - 1} > {room}")
            continue
        assert isinstance(found, Rendered)
        assert (found.left_out, found.input_ids, found.cut) == (fitting[0][0], fitting[0][1][:room], False)


def test_a_cut_answer_is_marked_by_choice_and_refused_where_nothing_of_it_is_left() -> None:
    tokenizer = with_template(chats.byte_level(CHATML))
    talk = Chat(TALK.turns[3:])
    whole = render(talk, tokenizer, max_length=500)
    assert isinstance(whole, Rendered)
    first, end = whole.learnt.index(True), len(whole.input_ids) - 1
    found = render(talk, tokenizer, max_length=first + 1, cut="mark")
    assert found == Rendered(whole.input_ids[: first + 1], whole.learnt[: first + 1], cut=True)
    assert render(talk, tokenizer, max_length=first, cut="mark") == Refused("no_room", f"{end} > {first}")
    assert render(talk, tokenizer, max_length=first + 1) == Refused("cut", f"{end} > {first + 1}")


def test_padding_is_never_the_end_where_the_vocabulary_has_another_token() -> None:
    pieces = chats.pieces()
    pieces.pad_token = pieces.eos_token
    assert with_template(pieces).pad_token == "<unk>"
    own = with_template(chats.byte_level(("<|endoftext|>", "<pad>"), pad_token="<pad>"))
    assert own.pad_token == "<pad>"
    only = with_template(chats.byte_level())  # nothing else is there, and no vocabulary grows
    assert only.pad_token == "<|endoftext|>"
    found = render(TALK, only, learn="last", max_length=500)
    assert chats.learnt(found, only) == ["yes 今天<|endoftext|>"]


def test_a_template_is_kept_with_the_tokenizer(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = with_template(chats.byte_level(CHATML), "chatml")
    tokenizer.save_pretrained(str(tmp_path))
    again = AutoTokenizer.from_pretrained(str(tmp_path))
    assert render(TALK, with_template(again), max_length=500) == render(TALK, tokenizer, max_length=500)


@pytest.mark.parametrize("name", ["chatml", "llama", "plain"])
def test_tools_and_calls_are_written_by_our_templates(name: str) -> None:
    tokenizer = with_template(chats.byte_level(), name)
    call = json.dumps([{"function": {"name": "add", "arguments": '{"a": 1}'}}])
    turns = (Turn("user", "1+1?"), Turn("assistant", "so", calls=call), Turn("tool", "2", name="add"))
    talk = Chat((*turns, Turn("assistant", "two")), json.dumps([{"function": {"name": "add"}}]))
    found = chats.learnt(render(talk, tokenizer, max_length=900), tokenizer)
    said = 'so<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call><|endoftext|>'
    assert found == [said, "two<|endoftext|>"]
    assert "tool add" in tokenizer.decode(prompt(talk, tokenizer))
