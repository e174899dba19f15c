"""The text of a conversation as a tokenizer's chat template writes it, and where in it the answers stand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tunebook.core.chat import Chat, Turn

Span = tuple[int, int]  # of characters
_MARK = "\ue000{}\ue001"  # of the private use area, which no template looks for


class ChatTextError(Exception):
    """A conversation that a template cannot write, or of which it cannot be told where the answers stand.

    Attributes:
        reason: a word for it, see `chat_template.Refused`; detail: of this conversation.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def text_of(chat: Chat, tokenizer: Any, *, ask: bool = False) -> str:
    """What the template makes of a conversation.

    Args:
        ask: with what stands in front of an answer at its end.

    Raises:
        ChatTextError: `template`, with what the template says.
    """
    tools = _json(chat.tools) if chat.tools else None
    try:
        return str(
            tokenizer.apply_chat_template(
                [_message(turn) for turn in chat.turns], tools=tools, tokenize=False, add_generation_prompt=ask
            )
        )
    except Exception as error:  # templates raise what they like
        raise ChatTextError("template", f"{type(error).__name__}: {error}") from error


def answer_spans(chat: Chat, tokenizer: Any, text: str, wanted: Iterable[int]) -> list[Span]:
    """Where in the text the answers of some turns stand, each with the token that ends it.

    An answer is what follows the text of the turns before it, written with the opening of an answer. Where a template
    writes earlier turns in another way than the last, it is what stands in place of a mark put in the turn's stead.

    Raises:
        ChatTextError: `unknown`, it cannot be told; `no_end`, no special token ends an answer; and as `text_of`.
    """
    ends = end_texts(tokenizer)
    return [_ended(text, _by_prefix(chat, tokenizer, text, place), ends) for place in wanted]


def end_texts(tokenizer: Any) -> tuple[str, ...]:
    """The tokens that may end a turn: those that stand in no other text."""
    return tuple(dict.fromkeys((*tokenizer.all_special_tokens, *tokenizer.get_added_vocab())))


def _by_prefix(chat: Chat, tokenizer: Any, text: str, place: int) -> Span:
    before = text_of(Chat(chat.turns[:place], chat.tools), tokenizer, ask=True)
    last = place == len(chat.turns) - 1
    whole = text if last else text_of(Chat(chat.turns[: place + 1], chat.tools), tokenizer)
    if not whole.startswith(before) or not text.startswith(whole):
        raise ChatTextError("unknown", f"turn {place + 1}")
    return len(before), len(whole)


def _ended(text: str, span: Span, ends: Sequence[str]) -> Span:
    """Without the blanks after the token that ends an answer, which the model is not asked to write."""
    start, stop = span
    said = text[start:stop].rstrip()
    if not said.endswith(tuple(ends)):
        raise ChatTextError("no_end", said[-20:])
    return start, start + len(said)


def _message(turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": turn.role, "content": turn.content}
    if turn.calls:
        message["tool_calls"] = [_call(call) for call in _json(turn.calls)]
    if turn.name:
        message["name"] = turn.name
    return message


def _call(call: Any) -> Any:
    """A call whose arguments are an object, as templates want them, and not JSON in a text."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), str):
        return call
    return {**call, "function": {**function, "arguments": _json(function["arguments"])}}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ChatTextError("calls", text[:80]) from error


__all__ = ["ChatTextError", "Span", "answer_spans", "end_texts", "text_of"]
