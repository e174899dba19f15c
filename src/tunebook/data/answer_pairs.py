"""A better and a worse answer to a prompt, or one that was judged, from rows of files, however they are written.

Read are answers beside a prompt as texts or turns, whole conversations that differ in their last turn (compared turn by
turn, never inside words), the texts of HH-RLHF, a rejected answer beside a conversation (ms-swift), and answers with a
judgement (KTO).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tunebook.core.chat import Chat, Turn
from tunebook.data.cells import as_text, missing
from tunebook.data.chat_turns import ChatError, turns_of
from tunebook.data.chats import CHAT_COLUMN, chat_column
from tunebook.data.columns import to_table
from tunebook.data.conversations import asked_of, chat_of
from tunebook.data.gains import WORDS

Row = Mapping[str, Any]
BETTER = ("chosen", "response_chosen", "chosen_response", "preferred")
WORSE = ("rejected", "response_rejected", "dispreferred")
WORSE_ALONE = ("rejected_response", "rejected_messages")  # beside any answer
JUDGED = ("kto_tag", "label")
PROMPT, ANSWERS = "prompt", "judged"  # columns of what is read
_TEXT = pa.large_string()
PREFERENCE = pa.struct([("chosen", _TEXT), ("rejected", _TEXT)])  # of prepared rows; null where there is no such answer
FOUND = pa.struct([*PREFERENCE, ("fault", _TEXT)])  # of a file's rows: with the reason why one cannot be used
_SPEAKER = re.compile(r"(?:^|\n\n)(Human|Assistant): ?")


@dataclass(frozen=True)
class Judged:
    """A prompt with its better and its worse answer, of which one may be None."""

    asked: Chat
    chosen: str | None
    rejected: str | None


def pair_columns(names: Iterable[str]) -> tuple[str | None, str] | None:
    """The columns of better and worse answers; None for the first where the better one ends a conversation. None where
    there are no such columns."""
    there = set(names)
    better, worse = (next((name for name in known if name in there), None) for known in (BETTER, WORSE))
    if better is not None and worse is not None:
        return better, worse
    alone = next((name for name in WORSE_ALONE if name in there), None)
    return None if alone is None else (better, alone)


def judged_column(names: Iterable[str]) -> str | None:
    """The column that says whether an answer is good."""
    there = set(names)
    return next((name for name in JUDGED if name in there), None)


def judged_table(rows: Iterable[Row], told: str | None = None) -> pa.Table:
    """Prompts as texts and conversations, their answers with the reason why a row cannot be used, and what else is said
    in single values.

    Args:
        told: column of prompts that the user named.
    """
    chats, answers, prompts, others = [], [], [], []
    for row in rows:
        fault = ""
        try:
            found = judged_of(row, told)
        except ChatError as error:
            found, fault = Judged(Chat((Turn("user", "?"),)), None, None), error.reason
        chats.append(found.asked)
        prompts.append(asked_of(found.asked))
        answers.append({"chosen": found.chosen, "rejected": found.rejected, "fault": fault or None})
        others.append({name: cell for name, cell in row.items() if _plain(name, cell)})
    table = to_table(others) if any(others) else pa.table({})
    made = {PROMPT: pa.array(prompts, _TEXT), CHAT_COLUMN: chat_column(chats), ANSWERS: pa.array(answers, FOUND)}
    kept = [name for name in table.column_names if name not in made]
    return pa.table({**made, **{name: table[name] for name in kept}})


def _plain(name: str, cell: Any) -> bool:
    """Whether a cell is a single value that plays no part."""
    played = {*BETTER, *WORSE, *WORSE_ALONE, *JUDGED, "instruction", "query", "question", "response", "completion"}
    return name not in played and not isinstance(cell, list | tuple | dict)


def judged_of(row: Row, told: str | None = None) -> Judged:
    """What a row says.

    Raises:
        ChatError: as `chat_of`; `empty_answer`; `preference_same`, both answers are one; `preference_prompts`, they are
            to different prompts; `preference_order`, the prompt ends with an answer; `preference_calls`, an answer
            calls a tool; `no_label`, nobody judged it; `chat_none`, there are no answers.
    """
    pair = pair_columns(row)
    if pair is not None:
        return _checked(_pair(row, pair, told))
    name = judged_column(row)
    if name is None:
        raise ChatError("chat_none")
    good = _said(row[name])
    chat = chat_of({key: cell for key, cell in row.items() if key != name}, (told, None), answered=True)
    answer = _words(chat.turns[-1])
    return _checked(Judged(chat.asked, answer if good else None, None if good else answer))


def _said(cell: Any) -> bool:
    if isinstance(cell, bool):
        return cell
    word = (as_text(cell) or "").strip().lower()
    if (gain := WORDS.get(word)) is not None:
        return gain > 0
    if word in ("0", "1", "0.0", "1.0"):
        return float(word) > 0
    raise ChatError("no_label", word[:40])


def _pair(row: Row, columns: tuple[str | None, str], told: str | None) -> Judged:
    better, worse = columns
    beside = {name: cell for name, cell in row.items() if name not in columns and name not in JUDGED}
    if better is None:  # the better answer ends a conversation
        chat = chat_of(beside, answered=True)
        sides = (_words(chat.turns[-1]), _answer(row[worse], chat.asked))
        return Judged(chat.asked, *sides)
    first, second = (_turns(row[name]) for name in (better, worse))
    if first is not None and second is not None and _whole(first) and _whole(second):
        chat, other = (chat_of({"messages": turns, **_around(beside)}) for turns in (first, second))
        if chat.asked.turns != other.asked.turns:
            raise ChatError("preference_prompts")
        return Judged(chat.asked, _words(chat.turns[-1]), _words(other.turns[-1]))
    asked = chat_of(beside, (told, None), answered=False)
    return Judged(asked, _answer(row[better], asked), _answer(row[worse], asked))


def _around(beside: Row) -> dict[str, Any]:
    """What is said beside whole conversations."""
    return {name: beside[name] for name in ("system", "tools") if name in beside}


def _turns(cell: Any) -> list[Any] | None:
    """The turns of a cell, where it holds such; None for words."""
    if isinstance(cell, str) and cell.lstrip()[:2] in ("[{", '{"'):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return None
    if isinstance(cell, Mapping):
        return [cell]
    if isinstance(cell, list | tuple):
        return list(cell)
    if isinstance(cell, str) and cell.lstrip().startswith("Human:") and "\n\nAssistant:" in cell:
        parts = _SPEAKER.split(cell.strip())[1:]
        who = {"Human": "user", "Assistant": "assistant"}
        return [{"role": who[one], "content": said} for one, said in zip(parts[::2], parts[1::2], strict=True)]
    return None


def _whole(turns: list[Any]) -> bool:
    """Whether turns hold more than an answer."""
    return len(turns) > 1 or (len(turns) == 1 and turns_of(turns)[0].role != "assistant")


def _answer(cell: Any, asked: Chat) -> str:
    """The words of an answer: a text, a turn, or a conversation of the same prompt.

    Raises:
        ChatError: `preference_prompts`.
    """
    turns = _turns(cell)
    if turns is None:
        return "" if missing(cell) else as_text(cell) or ""
    if not turns:
        return ""
    found = turns_of(turns)
    if tuple(found[:-1]) not in ((), asked.turns, asked.turns[len(asked.turns) - len(found) + 1 :]):
        raise ChatError("preference_prompts")
    return _words(found[-1])


def _words(turn: Turn) -> str:
    if turn.role != "assistant":
        raise ChatError("chat_last", turn.role)
    if turn.calls:
        raise ChatError("preference_calls")
    return turn.content


def _checked(found: Judged) -> Judged:
    if not found.asked.turns or found.asked.answer is not None:
        raise ChatError("preference_order")
    sides = [answer.strip() for answer in (found.chosen, found.rejected) if answer is not None]
    if not all(sides):
        raise ChatError("empty_answer")
    if len(sides) == 2 and sides[0] == sides[1]:
        raise ChatError("preference_same")
    return found


__all__ = [
    "ANSWERS", "BETTER", "FOUND", "JUDGED", "PREFERENCE", "PROMPT", "WORSE", "WORSE_ALONE", "Judged", "judged_column",
    "judged_of", "judged_table", "pair_columns",
]  # fmt: skip
