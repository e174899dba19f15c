"""The text of a conversation as a tokenizer's chat template writes it.

Where a template has no place for a system's words they stand before the first question, a blank line between. Words of
a user, a system or a tool that look like a special token are kept apart by signs that no text may hold, so that they
are read as the words that they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile
from typing import Any

from tunebook.core.chat import Chat, Turn

OPEN, SHUT, HOLD = "\ufdd2", "\ufdd3", "\ufdd4"  # code points that no text may hold
_THOUGHTS, _THOUGHT = "<think>", "</think>"
_OWN = re.compile(f"[{OPEN}{SHUT}{HOLD}]")


class ChatTextError(Exception):
    """A conversation that a template cannot write, or of which it cannot be told where the answers stand.

    Attributes:
        reason: a word for it, see `chat_template.Refused`; detail: of this conversation.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Facts:
    """What a tokenizer and its chat template do.

    Attributes:
        system: whether the template writes a system's words in a turn of their own.
        opens: whether an answer stands where the template opens one that is asked for. Some open it with a thought that
            they then leave out of the answers that are there.
        header: what it puts in front of every answer and not where one is asked for, as it opens none; empty where it
            does.
        tail: the special tokens that it puts right after an answer; empty where it puts none. end: the last of them.
        marks: every token that stands for itself and is no piece of words or blank.
        special: finds special tokens in words that are not an assistant's; ending: in an assistant's, those that end
            or fill up.
    """

    system: bool
    opens: bool
    header: str
    tail: str
    end: str
    marks: tuple[str, ...]
    special: re.Pattern[str]
    ending: re.Pattern[str]


def facts(tokenizer: Any) -> Facts:
    """What the tokenizer's chat template does, by what it makes of a question and an answer.

    Raises:
        ChatTextError: `template`: it refuses even these.
    """
    return _facts(tokenizer, str(tokenizer.chat_template), tuple(tokenizer.all_special_tokens))


@lru_cache(maxsize=8)
def _facts(tokenizer: Any, template: str, special_tokens: tuple[str, ...]) -> Facts:
    asked = (Turn("user", "alpha"), Turn("assistant", "omega"))
    whole = _written(asked, "", tokenizer, ask=False)
    opens = whole.startswith(_written(asked[:1], "", tokenizer, ask=True))
    header = _header(whole, tokenizer) if opens else ""
    added = dict.fromkeys((*special_tokens, *tokenizer.get_added_vocab()))
    marks = tuple(token for token in added if token.strip())  # Gemma has tokens of line breaks
    after, ends = whole.rpartition("omega")[2].lstrip(), []
    while end := max((token for token in marks if after.startswith(token)), key=len, default=""):
        ends.append(end)
        after = after[len(end) :]
    end = ends[-1] if ends else ""
    try:
        system = "delta" in _written((Turn("system", "delta"), *asked), "", tokenizer, ask=False)
    except ChatTextError:
        system = False
    special = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    ending = {end, *(getattr(tokenizer, f"{name}_token") or "" for name in ("bos", "eos", "pad", "unk"))}
    special.update(special_tokens)
    return Facts(system, opens, header, "".join(ends), end, marks, _any_of(special), _any_of(ending))


def _header(whole: str, tokenizer: Any) -> str:
    """What stands between a question and two answers that begin in another way, of a template that writes the same
    whether an answer is asked for or not; what one adds that opens answers is the model's to write. A blank at its end
    is left to the answer, since tokens of words hold it."""
    question, other = Turn("user", "alpha"), Turn("assistant", "kappa")
    closed, asked = (_written((question,), "", tokenizer, ask=ask) for ask in (False, True))
    pair = (text[len(asked) :] for text in (whole, _written((question, other), "", tokenizer, ask=False)))
    shared = takewhile(lambda two: two[0] == two[1], zip(*pair, strict=False))
    header = "".join(one for one, _ in shared).rstrip(" ")
    return header if closed == asked and header.strip() else ""


def _any_of(tokens: set[str]) -> re.Pattern[str]:
    """Finds the longest of some tokens."""
    every = "|".join(map(re.escape, sorted(tokens - {""}, key=len, reverse=True)))
    return re.compile(every or "(?!)")


def ready(chat: Chat, tokenizer: Any) -> Chat:
    """The conversation with a system's words where the template has a place for them, and words that look like special
    tokens kept apart: what `text_of` takes.

    Raises:
        ChatTextError: `signs`: it holds code points that no text may hold; and as `facts`.
    """
    known = facts(tokenizer)
    turns = chat.turns if known.system else _without_system(chat.turns)
    return Chat(tuple(_apart(turn, known) for turn in turns), chat.tools)


def text_of(chat: Chat, tokenizer: Any, *, ask: bool = False) -> str:
    """What the template makes of a conversation that is `ready`.

    Args:
        ask: with what stands in front of an answer at its end.

    Raises:
        ChatTextError: `template`, with what the template says; `calls`, tools or calls are no JSON.
    """
    return _written(chat.turns, chat.tools, tokenizer, ask=ask)


def opened(chat: Chat, tokenizer: Any) -> str:
    """A conversation that is `ready` up to the place where its next answer begins; raises as `text_of`."""
    known = facts(tokenizer)
    if known.opens:
        return text_of(chat, tokenizer, ask=True) + known.header
    return text_of(chat.answered(HOLD), tokenizer).partition(HOLD)[0]


def thought(turn: Turn, said: str) -> bool:
    """Whether what is learnt of a turn holds the thoughts that it has."""
    thoughts, mark, _ = turn.content.rpartition(_THOUGHT)
    return not mark or thoughts.rpartition(_THOUGHTS)[2].strip() in said


def check_whole(chat: Chat, text: str) -> None:
    """Refuse a text in which words of the conversation are not.

    A template may leave out what an assistant thought before it answered, and write what a tool gave as JSON.

    Raises:
        ChatTextError: `left_out`.
    """
    for place, turn in enumerate(chat.turns):
        forms = [turn.content.strip(), turn.content.rpartition(_THOUGHT)[2].strip()][: 1 + (turn.role == "assistant")]
        if turn.role == "tool":
            forms.append(json.dumps(turn.content, ensure_ascii=False)[1:-1])
        names = [name for name in _names(turn.calls) if name not in text]
        if names or not any(form in text for form in forms):
            raise ChatTextError("left_out", f"{turn.role}, turn {place + 1}")
    if any(name not in text for name in _names(chat.tools)):
        raise ChatTextError("left_out", "tools")


def apart(text: str) -> Iterator[tuple[int, int, bool]]:
    """Begin and end of the stretches of a text between the signs, and whether one is to be read as plain words."""
    begin = 0
    for found in re.finditer(f"{OPEN}([^{OPEN}{SHUT}]*){SHUT}|[{OPEN}{SHUT}]", text):
        yield begin, found.start(), False
        if found.group(1):
            yield *found.span(1), True
        begin = found.end()
    yield begin, len(text), False


def messages_of(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Turns as transformers takes them.

    Raises:
        ChatTextError: `calls`.
    """
    found = []
    for turn in turns:
        message: dict[str, Any] = {"role": turn.role, "content": turn.content}
        if turn.calls:
            message["tool_calls"] = [_call(call) for call in _list(turn.calls)]
        if turn.name:
            message["name"] = turn.name
        found.append(message)
    return found


def _written(turns: Sequence[Turn], tools: str, tokenizer: Any, *, ask: bool) -> str:
    given = _list(tools) if tools else None
    messages = messages_of(turns)
    try:
        return str(tokenizer.apply_chat_template(messages, tools=given, tokenize=False, add_generation_prompt=ask))
    except Exception as error:  # templates raise what they like
        raise ChatTextError("template", f"{type(error).__name__}: {error}") from error


def _without_system(turns: Sequence[Turn]) -> list[Turn]:
    """With what the system says in front of the user's next words."""
    found: list[Turn] = []
    waiting: list[str] = []
    for turn in turns:
        if turn.role == "system":
            waiting.append(turn.content)
        elif turn.role == "user" and waiting:
            found.append(replace(turn, content="\n\n".join((*waiting, turn.content))))
            waiting = []
        else:
            found.append(turn)
    if waiting:
        raise ChatTextError("template", "no place for a system's words")
    return found


def _apart(turn: Turn, known: Facts) -> Turn:
    if _OWN.search(turn.content):
        raise ChatTextError("signs", turn.role)
    tokens = known.ending if turn.role == "assistant" else known.special
    kept = tokens.sub(lambda found: f"{OPEN}{found.group()}{SHUT}", turn.content)
    return turn if kept == turn.content else replace(turn, content=kept)


def _names(calls: str) -> list[str]:
    """The names of tools or of their calls."""
    if not calls:
        return []
    found = [item.get("function", item).get("name") for item in _list(calls) if isinstance(item, dict)]
    return [name for name in found if isinstance(name, str)]


def _call(call: Any) -> Any:
    """A call whose arguments are an object, as templates want them, and not JSON in a text."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), str):
        return call
    return {**call, "function": {**function, "arguments": _json(function["arguments"])}}


def _list(text: str) -> list[Any]:
    found = _json(text)
    return found if isinstance(found, list) else [found]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ChatTextError("calls", text[:80]) from error


__all__ = [
    "HOLD", "ChatTextError", "Facts", "apart", "check_whole", "facts", "messages_of", "opened", "ready", "text_of",
    "thought",
]  # fmt: skip
