"""Conversations as tokens of which some are learnt.

The tokenizer's chat template writes the conversation as transformers does. What is learnt is told by characters of that
text, never by tokens or words that are looked for in it, and a token is learnt where it covers a character that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tunebook.core.chat import Chat, question
from tunebook.core.errors import ModelError
from tunebook.models.chat_text import ChatTextError, Span, answer_spans, text_of
from tunebook.models.own_templates import AUTO, TEMPLATES, own_template, settle_pad

Learn = Literal["all", "last"]
Cut = Literal["drop", "mark"]


@dataclass(frozen=True)
class Rendered:
    """A conversation as tokens.

    Attributes:
        learnt: for each token whether it is; left_out: turns that were left out at the front to make it fit.
        cut: whether an answer lost its end.
    """

    input_ids: list[int]
    learnt: list[bool]
    left_out: int = 0
    cut: bool = False


@dataclass(frozen=True)
class Refused:
    """Why a conversation is not learnt.

    Attributes:
        reason: `nothing_learnt`, no turn is to be learnt; `template`, the chat template refuses it; `calls`, its tool
            calls are no JSON; `unknown`, it cannot be told where an answer stands; `no_end`, no token ends an answer;
            `cut`, the answer does not fit; `no_room`, nothing of it does.
        detail: of this conversation, as text.
    """

    reason: str
    detail: str = ""


def with_template(tokenizer: Any, name: str = AUTO) -> Any:
    """The tokenizer itself, given a chat template that is saved with it, and padding that ends no answer.

    Args:
        name: one of TEMPLATES; `auto` keeps the tokenizer's own and gives one of ours to those without any.

    Raises:
        ModelError: `chat.name`, there is no such template; `chat.no_end`, no token ends an answer; `chat.refused`, the
            template refuses a question with its answer.
    """
    if name != AUTO or not tokenizer.chat_template:
        tokenizer.chat_template = own_template(tokenizer, name)
    settle_pad(tokenizer, end_tokens(tokenizer))
    return tokenizer


def render(
    chat: Chat, tokenizer: Any, *, learn: Learn = "all", max_length: int, cut: Cut = "drop"
) -> Rendered | Refused:
    """A conversation as at most `max_length` tokens.

    Args:
        learn: which answers are learnt where their turns do not say it: all, or the last one.
        cut: what becomes of a row whose answer does not fit even when all turns before its question are left out: it is
            refused, or kept without its end and marked.

    Raises:
        ModelError: `chat.offsets`: the tokenizer does not tell where its tokens stand.
    """
    try:
        return _fitted(chat, tokenizer, learn, max_length, cut)
    except ChatTextError as error:
        return Refused(error.reason, error.detail)


def prompt(chat: Chat, tokenizer: Any) -> list[int]:
    """What a model is shown to answer: the conversation without the answer at its end, and the opening of an answer.

    Raises:
        ModelError: `chat.refused`: the chat template refuses it.
    """
    try:
        text = text_of(chat.asked, tokenizer, ask=True)
    except ChatTextError as error:
        raise ModelError("chat.refused", key="chat_template", value=error.detail) from error
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def end_tokens(tokenizer: Any) -> tuple[int, ...]:
    """The tokens by which an answer ends: the one that the chat template puts there, and the tokenizer's own.

    Raises:
        ModelError: `chat.refused`, `chat.no_end`: an answer to a question cannot be written, or nothing ends it.
    """
    named = tokenizer.sep_token_id if tokenizer.eos_token_id is None else tokenizer.eos_token_id
    own = [] if named is None else [int(named)]
    if not tokenizer.chat_template:
        return tuple(own)
    found = render(question("a").answered("b"), tokenizer, max_length=10**6)
    if isinstance(found, Refused):
        code = "chat.no_end" if found.reason == "no_end" else "chat.refused"
        raise ModelError(code, key="chat_template", value=found.detail or found.reason)
    last = max(place for place, learnt in enumerate(found.learnt) if learnt)
    return tuple(dict.fromkeys((found.input_ids[last], *own)))


def _fitted(chat: Chat, tokenizer: Any, learn: Learn, max_length: int, cut: Cut) -> Rendered | Refused:
    refused = Refused("nothing_learnt")
    longest = None
    for start in _starts(chat, learn):
        head = [turn for turn in chat.turns[:start] if turn.role == "system"]
        part = Chat((*head, *chat.turns[start:]), chat.tools)
        found = _marked(part, tokenizer, learn, left_out=start - len(head))
        if isinstance(found, Refused):
            return found
        last = max(place for place, learnt in enumerate(found.learnt) if learnt)
        if last < max_length:
            return _first(found, max_length)
        longest, refused = found, Refused("cut", f"{last + 1} > {max_length}")
    if cut == "mark" and longest:
        marked = _first(longest, max_length)
        return marked if any(marked.learnt) else Refused("no_room", refused.detail)
    return refused


def _first(found: Rendered, length: int) -> Rendered:
    lost = any(found.learnt[length:])
    return Rendered(found.input_ids[:length], found.learnt[:length], found.left_out, cut=lost)


def _starts(chat: Chat, learn: Learn) -> list[int]:
    """Where it may begin: after the system's turns, and at each question before the last learnt answer."""
    wanted = _wanted(chat, learn)
    first = next((place for place, turn in enumerate(chat.turns) if turn.role != "system"), 0)
    asks = [place for place, turn in enumerate(chat.turns) if turn.role == "user" and place > first]
    return [first, *(place for place in asks if place < wanted[-1])] if wanted else []


def _wanted(chat: Chat, learn: Learn) -> list[int]:
    """The turns that are learnt: what a turn says of itself goes before what is said of all."""
    answers = [place for place, turn in enumerate(chat.turns) if turn.role == "assistant"]
    default = set(answers if learn == "all" else answers[-1:])
    said = {place: chat.turns[place].learn for place in answers}
    return [place for place in answers if (place in default if said[place] is None else said[place])]


def _marked(chat: Chat, tokenizer: Any, learn: Learn, left_out: int) -> Rendered | Refused:
    text = text_of(chat, tokenizer)
    spans = answer_spans(chat, tokenizer, text, _wanted(chat, learn))
    ids, places = _tokens(tokenizer, text)
    learnt = [any(_covers(place, span) for span in spans) for place in places]
    return Rendered(ids, learnt, left_out) if any(learnt) else Refused("nothing_learnt")


def _tokens(tokenizer: Any, text: str) -> tuple[list[int], Sequence[Span]]:
    if not tokenizer.is_fast:
        raise ModelError("chat.offsets", key="base_model", value=type(tokenizer).__name__)
    read = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    return list(read["input_ids"]), read["offset_mapping"]


def _covers(token: Span, span: Span) -> bool:
    """Whether a token has a character of the span; one without characters belongs to what follows it."""
    start, stop = token
    return start < span[1] and (stop > span[0] or start == stop == span[0])


__all__ = ["TEMPLATES", "Cut", "Learn", "Refused", "Rendered", "end_tokens", "prompt", "render", "with_template"]
