"""Chat templates of ours, rendered by transformers, against texts put together by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests import chats, small
from tunebook.core.errors import ModelError
from tunebook.models.own_templates import AUTO, OWN, TEMPLATES, OwnTemplate, own_template, settle_pad

CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TALK = [{"role": "user", "content": "why?"}, {"role": "assistant", "content": "so"}]


def written(tokenizer: Any, name: str, **how: Any) -> str:
    tokenizer.chat_template = own_template(tokenizer, name)
    return str(tokenizer.apply_chat_template(how.pop("talk", TALK), tokenize=False, **how))


def test_a_template_names_the_special_tokens_that_it_needs() -> None:
    assert {name: own.tokens() for name, own in OWN.items()} == {
        "chatml": ("<|im_start|>", "<|im_end|>"),
        "llama": ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        "plain": (),
    }
    assert OwnTemplate("<|a|>{role}<|b|>", "<|c|>", "").tokens() == ("<|a|>", "<|b|>", "<|c|>")
    assert TEMPLATES == (AUTO, "chatml", "llama", "plain")


def test_turns_are_written_as_the_template_says() -> None:
    assert written(chats.byte_level(CHATML), "chatml") == (
        "<|im_start|>user\nwhy?<|im_end|>\n<|im_start|>assistant\nso<|im_end|>\n"
    )
    assert written(chats.byte_level(), "plain") == "user:\nwhy?\nassistant:\nso<|endoftext|>\n"
    heads = chats.byte_level(("<|endoftext|>", *OWN["llama"].tokens()))
    assert written(heads, "llama", talk=TALK[:1], add_generation_prompt=True) == (
        "<|start_header_id|>user<|end_header_id|>\n\nwhy?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    )


def test_an_end_that_the_vocabulary_lacks_is_the_tokenizers_own() -> None:
    lacking = chats.byte_level()
    assert written(lacking, "chatml", talk=TALK[1:]) == "<|im_start|>assistant\nso<|endoftext|>\n"
    assert "<|im_start|>" not in lacking.get_vocab()  # a vocabulary never grows
    assert written(small.tokenizer(), "plain", talk=TALK[1:]) == "assistant:\nso[SEP]\n"


def test_a_start_that_the_tokenizer_writes_itself_is_written_once() -> None:
    starts = chats.byte_level(("</s>", "<s>"), bos_token="<s>")
    assert not written(starts, "plain").startswith("<s>")  # it has one, and puts it before no text
    from tokenizers.processors import TemplateProcessing

    number = starts.convert_tokens_to_ids("<s>")
    starts.backend_tokenizer.post_processor = TemplateProcessing("<s> $A", special_tokens=[("<s>", number)])
    assert written(starts, "plain") == "<s>user:\nwhy?\nassistant:\nso</s>\n"


def test_tools_and_calls_are_written_as_json() -> None:
    call = {"type": "function", "function": {"name": "rain", "arguments": {"town": "Bern"}}}
    talk = [*TALK[:1], {"role": "assistant", "content": "", "tool_calls": [call]}]
    talk += [{"role": "tool", "name": "rain", "content": "no"}]
    assert written(chats.byte_level(), "plain", talk=talk, tools=[{"name": "rain"}]) == (
        'system:\n<tools>[{"name": "rain"}]</tools>\nuser:\nwhy?\nassistant:\n'
        '<tool_call>{"name": "rain", "arguments": {"town": "Bern"}}</tool_call><|endoftext|>\ntool rain:\nno\n'
    )


def test_auto_is_chatml_where_the_vocabulary_has_all_its_tokens() -> None:
    for special, name in ((CHATML, "chatml"), (CHATML[:2], "plain"), (CHATML[:1], "plain")):
        tokenizer = chats.byte_level(special)
        assert own_template(tokenizer, AUTO) == own_template(tokenizer, name)


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(ModelError) as unknown:
        own_template(chats.byte_level(), "alpaca")
    assert unknown.value.code == "chat.name"
    endless = chats.byte_level()
    endless.eos_token = None
    with pytest.raises(ModelError) as no_end:
        own_template(endless, "plain")
    assert no_end.value.code == "chat.no_end"


def test_padding_is_no_end_where_the_vocabulary_has_another_token() -> None:
    tokenizer = chats.byte_level(("</s>", "<|pad|>"))
    settle_pad(tokenizer, (tokenizer.eos_token_id,))
    assert tokenizer.pad_token == "<|pad|>"
    ends = chats.byte_level(("</s>", "[UNK]"), pad_token="</s>")
    settle_pad(ends, (ends.eos_token_id,))
    assert ends.pad_token == "[UNK]"
    fine = chats.byte_level(("</s>", "<|pad|>", "mine"), pad_token="mine")
    settle_pad(fine, (fine.eos_token_id,))
    assert fine.pad_token == "mine"
    none = chats.byte_level()
    settle_pad(none, (none.eos_token_id,))
    assert none.pad_token == none.eos_token
