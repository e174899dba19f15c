"""Conversations from rows of files, whatever columns they are written in.

Read are lists of turns (OpenAI, ShareGPT, ms-swift, Firefly, XTuner), an instruction with its input and output
(Alpaca), and a prompt with its answer, each perhaps with a system's words and what was said before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tunebook.core.chat import Chat, Turn, shown
from tunebook.data.cells import as_text, missing
from tunebook.data.chat_turns import ChatError, tools_of, turns_of, words_of

Row = Mapping[str, Any]
LISTS = ("messages", "conversations", "conversation", "dialog", "dialogue", "turns")
SYSTEM, TOOLS, HISTORY = ("system", "system_prompt", "system_message"), ("tools", "functions"), ("history",)
INPUT, INSTANCES = "input", "instances"
_MORE = (INPUT, "context")  # what is asked about, below the question
# Columns of the question, and of the answer to it, the surest first.
_ASKED = ("instruction", "query", "prompt", "question", "input")
_ANSWERS: dict[str, tuple[str, ...]] = {
    "instruction": ("output", "response", "answer", "completion", "target"),
    "query": ("response", "answer", "output"),
    "prompt": ("completion", "response", "answer", "output", "target"),
    "question": ("answer", "response", "output"),
    "input": ("output", "response", "answer", "target"),
}

ASKED = frozenset((*LISTS, *_ASKED))  # names of columns that hold what is asked

_ALL_ANSWERS = tuple(dict.fromkeys(name for names in _ANSWERS.values() for name in names))
_MEDIA = ("images", "videos", "audios")


@dataclass(frozen=True)
class Shape:
    """Which columns of a row make its conversation.

    Attributes:
        turns: of the list of turns; else `asked` and `answer` are those of a question (with `more` of it below), and of
            its answer, None where there is none.
        instances: of inputs and outputs to one instruction.
    """

    turns: str | None = None
    asked: str = ""
    more: str | None = None
    answer: str | None = None
    instances: str | None = None
    system: str | None = None
    tools: str | None = None
    history: str | None = None

    @property
    def columns(self) -> set[str]:
        """All of them."""
        return {name for name in vars(self).values() if name}


def shape_of(row: Row, told: tuple[str | None, str | None] = (None, None), *, answered: bool = True) -> Shape | None:
    """The columns of a row's conversation; None where it has none.

    Args:
        told: columns of question and answer that the user named.
        answered: whether a question needs an answer beside it.
    """
    beside = {
        part: next((name for name in names if name in row), None)
        for part, names in (("system", SYSTEM), ("tools", TOOLS), ("history", HISTORY))
    }
    named = tuple(name if name in row else None for name in told)
    if any(named):
        return _told(
            row, named[0], named[1], {part: None if name in named else name for part, name in beside.items()}, answered
        )
    turns = next((name for name in LISTS if name in row and _listed(row[name])), None)
    if turns is not None:
        return Shape(turns=turns, system=beside["system"], tools=beside["tools"])
    if "instruction" in row and row.get(INSTANCES) and _listed(row[INSTANCES]):
        return Shape(asked="instruction", instances=INSTANCES, system=beside["system"])
    for asked in _ASKED:
        answer = next((name for name in _ANSWERS[asked] if name in row), None) if asked in row else None
        if asked in row and (answer is not None or not answered):
            return Shape(asked=asked, more=_more(row, asked), answer=answer, **beside)
    return None


def _told(
    row: Row, asked: str | None, answer: str | None, beside: dict[str, str | None], answered: bool
) -> Shape | None:
    """The shape where the user named a column; the other one goes by its name."""
    if asked is not None and answer is None and isinstance(row[asked], list | tuple):
        return Shape(turns=asked, system=beside["system"], tools=beside["tools"])
    more = None
    turns = next((name for name in LISTS if name in row and _listed(row[name])), None)
    if asked is None and turns is not None and answer != turns:
        return Shape(turns=turns, answer=answer, system=beside["system"], tools=beside["tools"])
    if asked is None:
        asked = next((name for name in _ASKED if name in row and name != answer), None)
        more = _more(row, asked)
    if answer is None:
        answer = next((name for name in _ALL_ANSWERS if name in row and name != asked), None)
    if asked is None or (answer is None and answered):
        return None
    return Shape(asked=asked, more=more, answer=answer, **beside)


def _more(row: Row, asked: str | None) -> str | None:
    return next((name for name in _MORE if name in row and name != asked), None)


def _listed(cell: Any) -> bool:
    """Whether a cell holds a list, perhaps written as JSON, or nothing."""
    return missing(cell) or isinstance(cell, list | tuple) or (isinstance(cell, str) and cell.lstrip()[:1] == "[")


def chat_of(row: Row, told: tuple[str | None, str | None] = (None, None), *, answered: bool = True) -> Chat:
    """The conversation of a row.

    Args:
        told, answered: as `shape_of` has them. With `answered` its last turn is the assistant's.

    Raises:
        ChatError: there is none, or it cannot be learnt; see `checked`.
    """
    return chats_of_row(row, told, answered=answered)[0]


def chats_of_row(row: Row, told: tuple[str | None, str | None] = (None, None), *, answered: bool = True) -> list[Chat]:
    """The conversation of a row, or one for each of its instances; raises as `chat_of`."""
    shape = shape_of(row, told, answered=answered)
    if shape is None:
        raise ChatError("chat_none")
    if media := next((name for name in _MEDIA if row.get(name)), None):
        raise ChatError("chat_media", media)
    tools = tools_of(row.get(shape.tools)) if shape.tools else ""
    first = _system(row, shape)
    if shape.turns is not None:
        said = _answer(row, shape)
        return [checked(Chat((*first, *turns_of(_items(row[shape.turns])), *said), tools), answered=answered)]
    if shape.instances is not None:
        pairs = [
            _pair(_below(row[shape.asked], one.get(INPUT)), one.get("output"))
            for one in _instances(row[shape.instances])
        ]
        return [checked(Chat((*first, *pair)), answered=answered) for pair in pairs]
    before = [turn for part in _items(row.get(shape.history)) for turn in _exchange(part)] if shape.history else []
    last = _last(row, shape)
    return [checked(Chat((*first, *before, *last), tools), answered=answered)]


def _instances(cell: Any) -> list[Row]:
    found = _items(cell)
    if not all(isinstance(one, Mapping) for one in found):
        raise ChatError("chat_json", INSTANCES)
    return list(found)


def _items(cell: Any) -> Sequence[Any]:
    """The items of a list, which may be written as JSON.

    Raises:
        ChatError: `chat_json`.
    """
    if missing(cell) or cell == "":
        return []
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError) as error:
            raise ChatError("chat_json", str(error)[:60]) from error
    if not isinstance(cell, list | tuple):
        raise ChatError("chat_json", type(cell).__name__)
    return cell


def _system(row: Row, shape: Shape) -> list[Turn]:
    words = words_of(row.get(shape.system)) if shape.system else ""
    return [Turn("system", words)] if words.strip() else []


def _exchange(part: Any) -> list[Turn]:
    """What was said before: a question and its answer, or a turn."""
    if isinstance(part, Mapping):
        return turns_of([part])
    if not isinstance(part, list | tuple) or len(part) != 2:
        raise ChatError("chat_history", str(part)[:40])
    return _pair(*part)


def _pair(asked: Any, answer: Any) -> list[Turn]:
    return [Turn("user", as_text(asked) or ""), Turn("assistant", as_text(answer) or "")]


def _last(row: Row, shape: Shape) -> list[Turn]:
    """The question and its answer, either of which may be turns itself (TRL)."""
    asked = row.get(shape.asked)
    if isinstance(asked, list | tuple) or _is_turns(asked):
        return [*turns_of(_items(asked)), *_answer(row, shape)]
    return [Turn("user", _below(asked, row.get(shape.more) if shape.more else None)), *_answer(row, shape)]


def _answer(row: Row, shape: Shape) -> list[Turn]:
    """The answer in a column of its own: a text, a turn or turns."""
    answer = row.get(shape.answer) if shape.answer else None
    if isinstance(answer, list | tuple) or _is_turns(answer):
        return turns_of(_items(answer))
    if isinstance(answer, Mapping) or _is_turns(answer, "{"):
        return turns_of([answer] if isinstance(answer, Mapping) else _items(f"[{answer}]"))
    return [Turn("assistant", as_text(answer) or "")] if shape.answer else []


def _is_turns(cell: Any, start: str = "[{") -> bool:
    """Whether a text is a list of turns, or one, written as JSON."""
    return isinstance(cell, str) and cell.startswith(start) and ('"role"' in cell[:200] or '"from"' in cell[:200])


def _below(instruction: Any, more: Any) -> str:
    """An instruction and its input, one under the other."""
    return "\n".join(text for text in (as_text(instruction), as_text(more)) if text)


def checked(chat: Chat, *, answered: bool = True) -> Chat:
    """A conversation whose turns follow each other as they must.

    A system may open it; then a user speaks, and an assistant, by turns; tools answer an assistant that called them.

    Raises:
        ChatError: `chat_none` without turns; `chat_system`, it speaks in the middle; `chat_order`; `chat_tool`, a tool
            answers that nobody called; `chat_last`, the last turn is not the assistant's, or of a row to predict nobody
            waits for an answer; `empty_answer`, `chat_empty`, the last or another turn is empty.
    """
    turns = chat.turns
    talk = turns[1:] if turns and turns[0].role == "system" else turns
    if not talk:
        raise ChatError("chat_none")
    if any(turn.role == "system" for turn in talk):
        raise ChatError("chat_system")
    for before, turn in pairwise((Turn("assistant", ""), *talk)):
        _follows(before, turn)
    if answered and talk[-1].role != "assistant":
        raise ChatError("chat_last", talk[-1].role)
    for turn in talk:
        if not turn.content.strip() and not turn.calls and turn.role != "tool":
            waits = turn is talk[-1] and turn.role == "assistant"
            if answered or not waits:
                raise ChatError("empty_answer" if waits else "chat_empty", turn.role)
    return chat


def _follows(before: Turn, turn: Turn) -> None:
    """Refuse a turn that does not follow the one before it."""
    if turn.role == "tool" and before.role != "tool" and not before.calls:
        raise ChatError("chat_tool")
    if turn.role == "user" and (before.role != "assistant" or before.calls):
        raise ChatError("chat_order", turn.role)
    if turn.role == "assistant" and before.role == "assistant":
        raise ChatError("chat_order", turn.role)


def asked_of(chat: Chat) -> str:
    """What is asked, in words: by this text the same question is found again."""
    return shown(chat.asked.turns)


def answer_of(chat: Chat) -> str | None:
    """The last answer: its words, or the calls where it has none; None where the last turn is another's."""
    return None if chat.answer is None else chat.answer or chat.turns[-1].calls


__all__ = ["ASKED", "Shape", "answer_of", "asked_of", "chat_of", "chats_of_row", "checked", "shape_of"]
