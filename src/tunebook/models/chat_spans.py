"""Where in the text of a conversation the answers stand, each with the token that ends it.

An answer is what follows the text of the turns before it, written with the opening of an answer. Where a template
writes earlier turns in another way than the last (it leaves out thoughts, or moves the tools), an answer is what the
template itself marks as such, or else what stands in place of a sign put in its stead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tunebook.core.chat import Chat
from tunebook.models.chat_text import HOLD, ChatTextError, Facts, facts, messages_of, text_of

Span = tuple[int, int]  # of characters
_BLOCKS = re.compile(r"\{%-?\s*generation\s*-?%\}")
_THOUGHT = "</think>"


def answer_spans(chat: Chat, tokenizer: Any, text: str, wanted: Sequence[int]) -> list[Span]:
    """The characters of the answers of some turns.

    Args:
        chat: which is `ready`; text: what the template makes of it.

    Raises:
        ChatTextError: `unknown`, it cannot be told; `no_end`, no special token ends an answer.
    """
    found = [_by_prefix(chat, tokenizer, text, place) for place in wanted]
    if None in found and _BLOCKS.search(str(tokenizer.chat_template)):
        found = _by_blocks(chat, tokenizer, text, wanted)
    elif None in found:
        found = _by_signs(chat, tokenizer, text, wanted)
    return [_ended(text, span, facts(tokenizer)) for span in found if span is not None]


def _by_prefix(chat: Chat, tokenizer: Any, text: str, place: int) -> Span | None:
    before = text_of(Chat(chat.turns[:place], chat.tools), tokenizer, ask=True) + facts(tokenizer).header
    if not text.startswith(before):
        return None
    last = place == len(chat.turns) - 1
    whole = text if last else text_of(Chat(chat.turns[: place + 1], chat.tools), tokenizer)
    return (len(before), len(whole)) if whole.startswith(before) and text.startswith(whole) else None


def _ended(text: str, span: Span, known: Facts) -> Span:
    """Without what stands after the token that ends an answer, which the model is not asked to write."""
    start, stop = span
    said = text[start:stop].rstrip()
    if known.tail and known.tail in said:  # the same in words of the answer stands before it
        said = "".join(said.rpartition(known.tail)[:2])
    if not said.endswith(known.marks):
        raise ChatTextError("no_end", said[-20:])
    return start, start + len(said)


def _by_blocks(chat: Chat, tokenizer: Any, text: str, wanted: Sequence[int]) -> list[Span | None]:
    """The blocks that the template itself marks as written by an assistant, with the end after them."""
    from transformers.utils.chat_template_utils import render_jinja_template

    written, blocks = render_jinja_template(
        [messages_of(chat.turns)],
        chat_template=tokenizer.chat_template,
        return_assistant_tokens_mask=True,
        **tokenizer.special_tokens_map,
    )
    answers = [place for place, turn in enumerate(chat.turns) if turn.role == "assistant"]
    if written[0] != text or len(blocks[0]) != len(answers):
        raise ChatTextError("unknown", "generation")
    return [_with_end(text, blocks[0][answers.index(place)], tokenizer) for place in wanted]


def _with_end(text: str, span: Span, tokenizer: Any) -> Span:
    """A span with the end token that stands after it, if it is not in it."""
    start, stop = span
    known = facts(tokenizer)
    end = known.tail
    blanks = len(text[stop:]) - len(text[stop:].lstrip())
    inside = text[start:stop].rstrip().endswith(known.marks)
    return (start, stop + blanks + len(end)) if not inside and text.startswith(end, stop + blanks) else span


def _by_signs(chat: Chat, tokenizer: Any, text: str, wanted: Sequence[int]) -> list[Span | None]:
    """What stands where the words of each turn, but for its thoughts, were replaced by a sign."""
    if any(turn.calls for turn in chat.turns):
        raise ChatTextError("unknown", "calls")
    thoughts = ["".join(turn.content.rpartition(_THOUGHT)[:2]) for turn in chat.turns]
    signs = [f"{thought}{HOLD}{place}{HOLD}" for place, thought in enumerate(thoughts)]
    signed = Chat(tuple(replace(turn, content=sign) for turn, sign in zip(chat.turns, signs, strict=True)), chat.tools)
    parts = re.split(f"{HOLD}(\\d+){HOLD}", text_of(signed, tokenizer))
    if parts[1::2] != [str(place) for place in range(len(chat.turns))]:
        raise ChatTextError("unknown", "turns")
    between = parts[::2]
    places = _aligned([turn.content.rpartition(_THOUGHT)[2] for turn in chat.turns], between, text)
    found: list[Span | None] = []
    for place in wanted:
        start, stop = places[place]
        opening = _opening(signed, tokenizer, place) or facts(tokenizer).header
        if opening and opening in between[place]:  # what stands after it the model has to write itself
            start -= len(between[place].rpartition(opening)[2])
        span = _with_end(text, (start, stop), tokenizer)
        if span[1] == stop:
            raise ChatTextError("unknown", f"turn {place + 1}")
        found.append(span)
    return found


def _aligned(contents: Sequence[str], between: Sequence[str], text: str) -> list[Span]:
    """Where the words of each turn stand, given what the template writes around them; it may strip blanks.

    Raises:
        ChatTextError: `unknown`: the text is not made of these parts.
    """
    spans = []
    at = len(between[0])
    whole = text.startswith(between[0])
    for place, content in enumerate(contents):
        after = between[place + 1]
        forms = (content, content.lstrip(), content.rstrip(), content.strip())
        form = next((form for form in forms if text.startswith(form + after, at)), None)
        if form is None or not whole:
            raise ChatTextError("unknown", f"turn {place + 1}")
        spans.append((at, at + len(form)))
        at += len(form) + len(after)
    if at != len(text):
        raise ChatTextError("unknown", "end")
    return spans


def _opening(chat: Chat, tokenizer: Any, place: int) -> str:
    """What the template writes in front of an answer that is asked for."""
    before = Chat(chat.turns[:place], chat.tools)
    with_it, without = (text_of(before, tokenizer, ask=ask) for ask in (True, False))
    pairs = enumerate(zip(with_it, without, strict=False))
    return with_it[next((place for place, (one, two) in pairs if one != two), len(without)) :]


__all__ = ["Span", "answer_spans"]
