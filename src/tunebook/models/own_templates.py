"""Chat templates for models that have none.

A token of a template that the vocabulary lacks is written as text in front of a turn; as the end of an answer stands
then the tokenizer's own end. A vocabulary never grows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tunebook.core.errors import ModelError

AUTO = "auto"
_PADS = ("<pad>", "<|pad|>", "[PAD]", "<|finetune_right_pad_id|>", "<|endoftext|>", "<unk>", "[UNK]", "<|unk|>")


@dataclass(frozen=True)
class OwnTemplate:
    """How turns are written.

    Attributes:
        before: a turn, `{role}` in it.
        end: the token that ends a turn; empty for the tokenizer's own end, which then ends answers alone.
        after: what follows every turn.
    """

    before: str
    end: str
    after: str

    def tokens(self) -> tuple[str, ...]:
        """The special tokens that it needs."""
        return tuple(f"<|{part.split('|>')[0]}|>" for part in f"{self.before}{self.end}".split("<|")[1:])


OWN: Mapping[str, OwnTemplate] = MappingProxyType(
    {
        "chatml": OwnTemplate("<|im_start|>{role}\n", "<|im_end|>", "\n"),
        "llama": OwnTemplate("<|start_header_id|>{role}<|end_header_id|>\n\n", "<|eot_id|>", ""),
        "plain": OwnTemplate("{role}:\n", "", "\n"),
    }
)
TEMPLATES = (AUTO, *OWN)


def own_template(tokenizer: Any, name: str) -> str:
    """One of our templates, as Jinja, for a tokenizer.

    Args:
        name: one of OWN, or `auto`: `chatml` where the vocabulary has its tokens, `plain` where not.

    Raises:
        ModelError: `chat.name`, there is no such template; `chat.no_end`, the tokenizer has no token to end an answer.
    """
    if name not in TEMPLATES:
        raise ModelError("chat.name", key="chat_template", value=name, allowed=" | ".join(TEMPLATES))
    if name == AUTO:
        known = (_one_token(tokenizer, token) is not None for token in OWN["chatml"].tokens())
        name = "chatml" if all(known) else "plain"
    return _jinja(tokenizer, OWN[name])


def _one_token(tokenizer: Any, text: str) -> int | None:
    """The number of a text that the tokenizer reads as one token wherever it stands; None for any other."""
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    return int(ids[0]) if len(ids) == 1 and text in tokenizer.get_added_vocab() else None


def settle_pad(tokenizer: Any, ends: tuple[int, ...]) -> None:
    """Give padding another token than those that end answers, where the vocabulary has one.

    Where it has none nothing is wrong here, for batches are masked by length and never by token; other programs that
    mask by token would forget the end.
    """
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id in ends:
        vocabulary = tokenizer.get_vocab()
        names = (*_PADS, tokenizer.unk_token, tokenizer.bos_token)
        tokenizer.pad_token = next(
            (name for name in names if name in vocabulary and vocabulary[name] not in ends), tokenizer.eos_token
        )


def _jinja(tokenizer: Any, own: OwnTemplate) -> str:
    """The template as Jinja."""
    if own.end and _one_token(tokenizer, own.end) is not None:
        end = close = f"'{own.end}'"
    elif tokenizer.eos_token is not None or tokenizer.sep_token is not None:
        end = "sep_token" if tokenizer.eos_token is None else "eos_token"
        close = end if own.end else "''"
    else:
        raise ModelError("chat.no_end", key="chat_template", value=type(tokenizer).__name__)
    first = tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    before, after = (part.replace("\n", "\\n") for part in (own.before, own.after))
    opening = "'" + before.replace("{role}", "' + role + '") + "'"
    return (
        "{%- macro turn(role, words, end) -%}"
        f"{{{{ {opening} + words + end + '{after}' }}}}"
        "{%- endmacro -%}"
        f"{{{{- {'bos_token' if first else repr('')} -}}}}"
        "{%- if tools -%}{{ turn('system', '<tools>' + tools | tojson + '</tools>', " + close + ") }}{%- endif -%}"
        "{%- for message in messages -%}"
        "{%- set said = namespace(words=message['content'] or '') -%}"
        "{%- for call in message['tool_calls'] or [] -%}"
        "{%- set said.words = said.words + '<tool_call>' + (call['function'] or call) | tojson + '</tool_call>' -%}"
        "{%- endfor -%}"
        "{%- set role = message['role'] + (' ' + message['name'] if message['name'] else '') -%}"
        f"{{{{ turn(role, said.words, {end} if message['role'] == 'assistant' else {close}) }}}}"
        "{%- endfor -%}"
        "{%- set role = 'assistant' -%}"
        f"{{%- if add_generation_prompt -%}}{{{{ {opening} }}}}{{%- endif -%}}"
    )


__all__ = ["AUTO", "OWN", "TEMPLATES", "OwnTemplate", "own_template", "settle_pad"]
