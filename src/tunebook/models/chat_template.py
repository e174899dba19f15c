"""Conversations as tokens of which some are learnt.

The tokenizer's chat template writes the conversation as transformers does. What is learnt is told by characters of that
text, never by tokens or words that are looked for in it, and a token is learnt where it covers a character that is.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Any, Literal

from tunebook.core.chat import Chat
from tunebook.core.errors import ModelError
from tunebook.models.chat_spans import answer_spans
from tunebook.models.chat_text import ChatTextError, apart, check_whole, facts, opened, ready, text_of, thought
from tunebook.models.chat_tokens import tokens_of
from tunebook.models.own_templates import AUTO, TEMPLATES, own_template, settle_pad

Learn = Literal["all", "last"]
Cut = Literal["drop", "mark"]
REASONS = (
    "nothing_learnt", "template", "left_out", "calls", "unknown", "no_end", "special", "signs", "cut", "no_room",
)  # fmt: skip


@dataclass(frozen=True)
class Rendered:
    """A conversation as tokens.

    Attributes:
        learnt: for each token whether it is; left_out: turns that were left out at the front to make it fit.
        cut: whether an answer lost its end.
        unlearnt: answers that were to be learnt and are not, for the template leaves out the thoughts before them.
    """

    input_ids: list[int]
    learnt: list[bool]
    left_out: int = 0
    cut: bool = False
    unlearnt: int = 0


@dataclass(frozen=True)
class Refused:
    """Why a conversation is not learnt.

    Attributes:
        reason: one of REASONS: `nothing_learnt`, no turn is to be learnt; `template`, the chat template refuses it;
            `left_out`, the template leaves out words of it, thoughts or tools; `calls`, its tool calls are no JSON;
            `unknown`, it cannot be told where an answer stands; `no_end`, no token ends an answer; `special`, words
            would be read as a special token; `signs`, it holds code points that no text may hold; `cut`, the last
            answer does not fit; `no_room`, nothing of it does.
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
    """What a model is shown to answer: the conversation without the answer at its end, and the opening of an answer, as
    it stands before the answers that are learnt.

    Raises:
        ModelError: `chat.refused`: the chat template refuses it; `chat.offsets`.
    """
    try:
        asked = ready(chat.asked, tokenizer)
        text = opened(asked, tokenizer)
        check_whole(asked, text)
        return tokens_of(tokenizer, text)[0]
    except ChatTextError as error:
        raise _refused(error) from error


def whole_text(chat: Chat, tokenizer: Any) -> str:
    """The text of a conversation as the template writes it; empty where it refuses."""
    try:
        text = text_of(ready(chat, tokenizer), tokenizer)
    except ChatTextError:
        return ""
    return "".join(text[start:stop] for start, stop, _ in apart(text))


def end_tokens(tokenizer: Any) -> tuple[int, ...]:
    """The tokens by which an answer ends: the one that the chat template puts there, and the tokenizer's own.

    Raises:
        ModelError: `chat.refused`, `chat.no_end`: an answer to a question cannot be written, or nothing ends it.
    """
    own = tokenizer.sep_token if tokenizer.eos_token is None else tokenizer.eos_token
    found = [] if own is None else [own]
    if tokenizer.chat_template:
        try:
            end = facts(tokenizer).end
        except ChatTextError as error:
            raise _refused(error) from error
        if not end:
            raise ModelError("chat.no_end", key="chat_template", value=type(tokenizer).__name__)
        found = [end, *found]
    return tuple(dict.fromkeys(int(tokenizer.convert_tokens_to_ids(token)) for token in found))


def _refused(error: ChatTextError) -> ModelError:
    return ModelError("chat.refused", key="chat_template", value=error.detail or error.reason)


def _fitted(chat: Chat, tokenizer: Any, learn: Learn, max_length: int, cut: Cut) -> Rendered | Refused:
    starts = _starts(chat, learn)
    if not starts:
        return Refused("nothing_learnt")
    found = _marked(chat, starts[0], tokenizer, learn)
    if _last(found) >= max_length and len(starts) > 1:
        fits = bisect_left(starts[1:-1], True, key=lambda at: _last(_marked(chat, at, tokenizer, learn)) < max_length)
        found = _marked(chat, starts[1 + fits], tokenizer, learn)
    last = _last(found)
    kept = replace(found, input_ids=found.input_ids[:max_length], learnt=found.learnt[:max_length])
    if last < max_length:
        return kept
    if cut == "drop":
        return Refused("cut", f"{last + 1} > {max_length}")
    return replace(kept, cut=True) if any(kept.learnt) else Refused("no_room", f"{last + 1} > {max_length}")


def _last(found: Rendered) -> int:
    """The last token that is learnt."""
    return len(found.learnt) - 1 - found.learnt[::-1].index(True)


def _from(chat: Chat, start: int) -> Chat:
    """The conversation from a turn on, after the system's turns."""
    head = [turn for turn in chat.turns[:start] if turn.role == "system"]
    return Chat((*head, *chat.turns[start:]), chat.tools)


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


def _marked(chat: Chat, start: int, tokenizer: Any, learn: Learn) -> Rendered:
    """The conversation from a turn on, with the tokens that are learnt."""
    left = _from(chat, start)
    written = ready(left, tokenizer)
    text = text_of(written, tokenizer)
    check_whole(written, text)
    wanted = _wanted(written, learn)
    every = answer_spans(written, tokenizer, text, wanted)
    spans = [
        span for place, span in zip(wanted, every, strict=True) if thought(written.turns[place], text[slice(*span)])
    ]
    if not spans:
        raise ChatTextError("left_out", "thoughts")
    ids, places = tokens_of(tokenizer, text, [start for start, _ in spans])
    flags = bytearray(len(text) + 1)
    for start, stop in spans:
        flags[start:stop] = bytes([1]) * (stop - start)
    # A token without characters belongs to what follows it.
    learnt = [flags.find(1, start, max(stop, start + 1)) >= 0 for start, stop in places]
    return Rendered(ids, learnt, left_out=len(chat.turns) - len(left.turns), unlearnt=len(every) - len(spans))


__all__ = [
    "REASONS", "TEMPLATES", "Cut", "Learn", "Refused", "Rendered", "end_tokens", "prompt", "render", "whole_text",
    "with_template",
]  # fmt: skip
