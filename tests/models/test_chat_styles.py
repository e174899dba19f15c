"""What is learnt under templates as models have them, token by token, against rows put together by hand."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import chats
from tunebook.core.chat import Chat, Turn
from tunebook.models.chat_template import Refused, Rendered, end_tokens, prompt, render

Part = tuple[str, bool]  # a text, and whether it is learnt
SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|bos|>", "<|head|>", "<|/head|>", "<|eot|>", "<start>", "<end>",
    "[INST]", "[/INST]",
)  # fmt: skip
CHATML = (
    "{% for m in messages %}{% if loop.first and m.role != 'system' %}"
    "{{ '<|im_start|>system\\nBe good.<|im_end|>\\n' }}{% endif %}"
    "{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
HEADERS = (
    "{{ bos_token }}{% for m in messages %}"
    "{{ '<|head|>' + m.role + '<|/head|>\\n\\n' + m.content | trim + '<|eot|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|head|>assistant<|/head|>\\n\\n' }}{% endif %}"
)
TURNS = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('order') }}"
    "{% endif %}"
    "{{ '<start>' + ('model' if m.role == 'assistant' else m.role) + '\\n' + m.content | trim + '<end>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<start>model\\n' }}{% endif %}"
)
INST = (
    "{% if messages[0].role == 'system' %}{% set said = messages[0].content %}{% set rest = messages[1:] %}"
    "{% else %}{% set said = '' %}{% set rest = messages %}{% endif %}{{ bos_token }}"
    "{% for m in rest %}{% if m.role == 'user' %}"
    "{{ '[INST] ' + (said + '\\n\\n' if loop.first and said else '') + m.content + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"
)
THOUGHTS = (  # of answers but the last, what was thought before them is left out
    "{% for m in messages %}{% set said = m.content %}{% if m.role == 'assistant' %}"
    "{% if not loop.last %}{% set said = m.content.split('</think>')[-1] %}"
    "{% elif '</think>' not in said %}{% set said = '<think></think>' + m.content %}{% endif %}{% endif %}"
    "{{ '<|im_start|>' + m.role + '\\n' + said.strip() + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
OPENS = THOUGHTS.replace("'<|im_start|>assistant\\n' }}", "'<|im_start|>assistant\\n<think>' }}")
BLOCKS = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% if m.role == 'assistant' %}"
    "{% generation %}{{ m.content if loop.last else m.content | upper }}{% endgeneration %}"
    "{% else %}{{ m.content }}{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
TALK = Chat.of(
    ("system", "be short"), ("user", " yes or no?"), ("assistant", "no "), ("user", "今天?"), ("assistant", "yes 今天")
)


def chatml(*turns: Turn) -> list[Part]:
    said = list(turns) if turns[0].role == "system" else [Turn("system", "Be good."), *turns]
    found: list[Part] = []
    for turn in said:
        answer = turn.role == "assistant"
        found += [(f"<|im_start|>{turn.role}\n", False), (f"{turn.content}<|im_end|>", answer), ("\n", False)]
    return found


def headers(*turns: Turn) -> list[Part]:
    found: list[Part] = [("<|bos|>", False)]
    for turn in turns:
        found += [(f"<|head|>{turn.role}<|/head|>\n\n", False)]
        found += [(f"{turn.content.strip()}<|eot|>", turn.role == "assistant")]
    return found


def merged(turns: tuple[Turn, ...]) -> list[str]:
    """The words of the turns, the system's before the first question."""
    words = [turn.content for turn in turns]
    return [f"{words[0]}\n\n{words[1]}", *words[2:]] if turns[0].role == "system" else words


def by_turns(*turns: Turn) -> list[Part]:
    found: list[Part] = [("<|bos|>", False)]
    for place, words in enumerate(merged(turns)):
        role = ("user", "model")[place % 2]
        found += [(f"<start>{role}\n", False), (f"{words.strip()}<end>", place % 2 == 1), ("\n", False)]
    return found


def inst(*turns: Turn) -> list[Part]:
    found: list[Part] = [("<|bos|>", False)]
    for place, words in enumerate(merged(turns)):
        found += [(f" {words}<|endoftext|>", True)] if place % 2 else [(f"[INST] {words} [/INST]", False)]
    return found


def tokenizer_of(template: str, **named: str) -> Any:
    tokenizer = chats.byte_level(SPECIAL, eos_token="<|endoftext|>", bos_token="<|bos|>", **named)
    tokenizer.chat_template = template
    return tokenizer


def tokens(tokenizer: Any, parts: list[Part]) -> Rendered:
    """Each part read on its own, which comes to the same where special tokens or line breaks stand between."""
    ids: list[int] = []
    learnt: list[bool] = []
    for text, wanted in parts:
        read = tokenizer(text, add_special_tokens=False)["input_ids"]
        ids += read
        learnt += [wanted] * len(read)
    return Rendered(ids, learnt)


STYLES: dict[str, tuple[str, Callable[..., list[Part]]]] = {
    "chatml": (CHATML, chatml),
    "headers": (HEADERS, headers),
    "turns": (TURNS, by_turns),
    "inst": (INST, inst),
}


@pytest.mark.parametrize("turns", [TALK.turns, TALK.turns[1:], TALK.turns[:3]], ids=["all", "no_system", "one"])
@pytest.mark.parametrize("style", STYLES)
def test_a_style_is_learnt_as_put_together_by_hand(style: str, turns: tuple[Turn, ...]) -> None:
    template, by_hand = STYLES[style]
    tokenizer = tokenizer_of(template)
    found = render(Chat(turns), tokenizer, learn="all", max_length=500)
    assert found == tokens(tokenizer, by_hand(*turns))
    asked = prompt(Chat(turns), tokenizer)
    assert isinstance(found, Rendered)
    assert found.input_ids[: len(asked)] == asked
    last = max(place for place, wanted in enumerate(found.learnt) if wanted)
    assert found.input_ids[last] == end_tokens(tokenizer)[0]


def test_thoughts_that_a_template_leaves_out_of_earlier_turns_are_not_looked_for_there() -> None:
    tokenizer = tokenizer_of(THOUGHTS)
    talk = Chat.of(
        ("user", "a"), ("assistant", "<think>why</think>no"), ("user", "and"), ("assistant", "<think>so</think>yes")
    )
    found = render(talk, tokenizer, learn="all", max_length=500)
    assert isinstance(found, Rendered)
    assert chats.learnt(found, tokenizer) == ["<think>so</think>yes<|im_end|>"]  # or it would learn not to think
    assert found.unlearnt == 1
    plain = Chat.of(("user", "a"), ("assistant", "no"), ("user", "and"), ("assistant", "yes"))
    found = render(plain, tokenizer, learn="all", max_length=500)
    assert chats.learnt(found, tokenizer) == ["no<|im_end|>", "<think></think>yes<|im_end|>"]


def test_an_opening_that_no_answer_has_does_not_hide_the_answer() -> None:
    tokenizer = tokenizer_of(OPENS)
    talk = Chat.of(("user", "a"), ("assistant", "no"), ("user", "and"), ("assistant", "yes"))
    found = render(talk, tokenizer, learn="all", max_length=500)
    assert chats.learnt(found, tokenizer) == ["no<|im_end|>", "</think>yes<|im_end|>"]
    assert tokenizer.decode(prompt(talk, tokenizer)).endswith("assistant\n<think>")


def test_an_opening_that_only_those_who_ask_see_is_left_aside() -> None:
    bare = THOUGHTS.replace("{% elif '</think>' not in said %}{% set said = '<think></think>' + m.content %}", "")
    tokenizer = tokenizer_of(bare.replace("'<|im_start|>assistant\\n' }}", "'<|im_start|>assistant\\n<think>' }}"))
    talk = Chat.of(("user", "a"), ("assistant", "no"), ("user", "and"), ("assistant", "yes"))
    found = render(talk, tokenizer, learn="all", max_length=500)
    assert chats.learnt(found, tokenizer) == ["no<|im_end|>", "yes<|im_end|>"]
    assert isinstance(found, Rendered)
    asked = prompt(talk, tokenizer)
    assert found.input_ids[: len(asked)] == asked
    assert tokenizer.decode(asked).endswith("assistant\n")


def test_an_answer_whose_thoughts_are_left_out_is_not_learnt() -> None:
    tokenizer = tokenizer_of(THOUGHTS.replace("{% if not loop.last %}", "{% if true %}"))
    talk = Chat.of(("user", "a"), ("assistant", "<think>why</think>no"))
    assert render(talk, tokenizer, max_length=500) == Refused("left_out", "thoughts")


def test_what_stands_after_the_end_of_an_answer_is_not_learnt() -> None:
    tokenizer = tokenizer_of(CHATML.replace("{% endfor %}", "{% endfor %}{{ eos_token if not add_generation_prompt }}"))
    assert chats.learnt(render(TALK, tokenizer, max_length=500), tokenizer) == ["no <|im_end|>", "yes 今天<|im_end|>"]
    assert end_tokens(tokenizer) == (2, 0)
    two = tokenizer_of(CHATML.replace("'<|im_end|>", "'<|eot|><|im_end|>"))
    found = chats.learnt(render(TALK, two, max_length=500), two)
    assert found == ["no <|eot|><|im_end|>", "yes 今天<|eot|><|im_end|>"]
    assert end_tokens(two) == (2, 0)


def test_line_breaks_that_are_tokens_of_their_own_end_nothing() -> None:
    tokenizer = tokenizer_of(CHATML)
    tokenizer.add_tokens(["\n", "\n\n"])
    assert end_tokens(tokenizer) == (2, 0)
    assert chats.learnt(render(TALK, tokenizer, max_length=500), tokenizer) == ["no <|im_end|>", "yes 今天<|im_end|>"]


# Templates of TRL that mark what its trainer learns: independent of how we find it.
MARKED = (
    "cohere",
    "cohere2",
    "gemma",
    "gemma3",
    "lfm2",
    "llama3",
    "phi3",
    "qwen2_5_vl",
    "qwen3_instruct_2507",
    "qwen3_vl",
)
WORD = re.compile(r"<\|[^|<> ]+\|>|<(?:start|end)_of_turn>")


@pytest.mark.parametrize("name", MARKED)
def test_real_templates_are_learnt_as_trl_marks_them(name: str) -> None:
    folder = Path(str(importlib.util.find_spec("trl").origin)).parent / "chat_templates"  # type: ignore[union-attr]
    template = (folder / f"{name}.jinja").read_text(encoding="utf-8")
    special = list(dict.fromkeys(["<|endoftext|>", "<|bos|>", *WORD.findall(template)]))
    tokenizer = chats.byte_level(special, bos_token="<|bos|>", size=400)
    tokenizer.chat_template = template
    for talk in (Chat(TALK.turns[1:]), Chat(TALK.turns[1:3])):
        turns = [{"role": turn.role, "content": turn.content} for turn in talk.turns]
        marked = tokenizer.apply_chat_template(
            turns, chat_template=(folder / f"{name}_training.jinja").read_text(encoding="utf-8"), return_dict=True,
            return_assistant_tokens_mask=True,
        )  # fmt: skip
        oracle = Rendered(marked["input_ids"], [bool(mark) for mark in marked["assistant_masks"]])
        found = render(talk, tokenizer, learn="all", max_length=10**4)
        assert isinstance(found, Rendered)
        assert found.input_ids == oracle.input_ids
        end = tokenizer.convert_ids_to_tokens(end_tokens(tokenizer)[0])
        wanted = [part.partition(end)[0] + end for part in chats.learnt(oracle, tokenizer)]  # it learns blanks too
        assert chats.learnt(found, tokenizer) == wanted


def test_blocks_that_a_template_marks_are_learnt_with_the_end_after_them() -> None:
    tokenizer = tokenizer_of(BLOCKS)
    talk = Chat.of(("user", "a"), ("assistant", "a"), ("user", "and"), ("assistant", "yes"))
    assert chats.learnt(render(talk, tokenizer, max_length=500), tokenizer) == ["A<|im_end|>", "yes<|im_end|>"]


def test_a_template_that_changes_words_beyond_telling_is_refused() -> None:
    tokenizer = tokenizer_of(THOUGHTS.replace("m.content.split('</think>')[-1]", "m.content + ' no'"))
    talk = Chat.of(("user", "a"), ("assistant", "no"), ("user", "and"), ("assistant", "yes"))
    found = render(talk, tokenizer, learn="all", max_length=500)
    assert isinstance(found, Refused)
    assert found.reason == "unknown"


def test_calls_of_tools_are_learnt_and_what_tools_give_is_not() -> None:
    template = CHATML.replace("m.content +", "m.content + (m.tool_calls | tojson if m.tool_calls else '') +").replace(
        "{% for m", "{{ tools | tojson if tools else '' }}{% for m"
    )
    tokenizer = tokenizer_of(template)
    calls = json.dumps([{"type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}])
    turns = (
        Turn("user", "1+1?"),
        Turn("assistant", "", calls=calls),
        Turn("tool", "2", name="add"),
        Turn("assistant", "two"),
    )
    tools = json.dumps([{"type": "function", "function": {"name": "add", "parameters": {}}}])
    found = chats.learnt(render(Chat(turns, tools), tokenizer, max_length=500), tokenizer)
    said = '[{"type": "function", "function": {"name": "add", "arguments": {"a": 1}}}]'
    assert found == [f"{said}<|im_end|>", "two<|im_end|>"]
    silent = tokenizer_of(CHATML)
    assert render(Chat(turns), silent, max_length=500) == Refused("left_out", "assistant, turn 2")
    assert render(Chat((turns[0], turns[3]), tools), silent, max_length=500) == Refused("left_out", "tools")
    broken = Chat((turns[0], Turn("assistant", "", calls="{")))
    assert render(broken, tokenizer, max_length=500) == Refused("calls", "{")


def test_a_system_that_a_template_leaves_out_in_silence_stands_before_the_question() -> None:
    silent = CHATML.replace("{% for m in messages %}", "{% for m in messages if m.role != 'system' %}")
    tokenizer = tokenizer_of(silent)
    found = render(TALK, tokenizer, max_length=500)
    assert isinstance(found, Rendered)
    assert "user\nbe short\n\n yes or no?<" in tokenizer.decode(found.input_ids)
    late = Chat.of(("user", "a"), ("assistant", "b"), ("system", "more"))
    assert render(late, tokenizer, max_length=500) == Refused("template", "no place for a system's words")


def test_an_end_that_only_the_last_answer_has_is_not_made_up_for_the_others() -> None:
    tokenizer = tokenizer_of(
        "{% for m in messages %}{{ m.role + ':' + m.content + '\n' }}{% if loop.last and m.role == 'assistant' %}"
        "{{ eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"
    )
    assert chats.learnt(render(TALK, tokenizer, learn="last", max_length=500), tokenizer) == ["yes 今天\n<|endoftext|>"]
    assert render(TALK, tokenizer, learn="all", max_length=500) == Refused("unknown", "turn 3")


def test_words_that_a_template_leaves_out_are_missed() -> None:
    tokenizer = tokenizer_of(CHATML.replace("m.content +", "m.content[:20] +"))
    assert render(TALK, tokenizer, max_length=500) == render(TALK, tokenizer_of(CHATML), max_length=500)
    longer = Chat.of(("user", "a question of more than twenty letters"), ("assistant", "yes"))
    assert render(longer, tokenizer, max_length=500) == Refused("left_out", "user, turn 1")


def test_what_a_tool_gave_may_stand_there_as_json() -> None:
    tokenizer = tokenizer_of(CHATML.replace("m.content +", "(m.content | tojson if m.role == 'tool' else m.content) +"))
    talk = Chat((Turn("user", "a"), Turn("tool", 'say "2"\n', name="x"), Turn("assistant", "two")))
    assert chats.learnt(render(talk, tokenizer, max_length=500), tokenizer) == ["two<|im_end|>"]


@pytest.mark.parametrize(
    ("change", "to", "detail"),
    [
        # Earlier answers are written twice, or with words after them, or all with words that only these words bring.
        ("said.strip() +", "(said if loop.last or m.role == 'user' else said + said) +", "turns"),
        ("said.strip() +", "(said if loop.last or m.role == 'user' else said + '!') +", "turn 2"),
        ("said.strip() +", "(said if loop.last or said != 'Ab' else said + '!') +", "turn 1"),
        ("{% if add_", "{{ '!' if messages[-1].content == 'yes' }}{% if add_", "end"),
    ],
)
def test_what_cannot_be_told_is_refused(change: str, to: str, detail: str) -> None:
    tokenizer = tokenizer_of(THOUGHTS.replace(change, to))
    talk = Chat.of(("user", "Ab"), ("assistant", "b"), ("user", "and b"), ("assistant", "yes"))
    assert render(talk, tokenizer, learn="all", max_length=500) == Refused("unknown", detail)


def test_calls_under_a_template_that_writes_earlier_turns_otherwise_are_refused() -> None:
    written = "said.strip() + (m.tool_calls | tojson if m.tool_calls else '') +"
    tokenizer = tokenizer_of(THOUGHTS.replace("said.strip() +", written))
    call = '["add"]'
    talk = Chat((Turn("user", "a"), Turn("assistant", "b", calls=call), Turn("user", "c"), Turn("assistant", "d")))
    assert render(talk, tokenizer, max_length=500) == Refused("unknown", "calls")


def test_blocks_that_are_not_one_an_answer_are_refused() -> None:
    tokenizer = tokenizer_of(BLOCKS.replace("m.role == 'assistant'", "loop.last"))
    talk = Chat.of(("user", "a"), ("assistant", "A"), ("user", "and"), ("assistant", "yes"))
    tokenizer.chat_template = tokenizer.chat_template.replace(
        "{{ m.content }}", "{{ m.content * (1 + loop.length % 2) }}"
    )
    assert render(talk, tokenizer, max_length=500) == Refused("unknown", "generation")
