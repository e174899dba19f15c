"""Figures of texts to be written and of conversations: how long, of how many turns, how alike, what stands out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tunebook.core.chat import Chat, Turn
from tunebook.data.chats import CHAT_COLUMN, chats_of, holds_chats
from tunebook.data.describe import guess_language, quantiles, warning

_SAMPLE = 5000
_ALIKE = 0.2  # share of the training answers that may be one and the same
_SHOWN = 60
# A Han character is a word; elsewhere words are what spaces and Chinese marks part.
_WORD = r"\p{Han}|[^\s\p{Han}，。！？；：、“”‘’（）《》]+"
_FIELD = r"\{\{\s*\w+\s*\}\}"


def written_figures(rows: pa.Table) -> dict[str, Any]:
    """Of prepared rows: words of what is asked and of answers, the language of the answers, how many of these are
    alike (training rows), how many hold a field that nobody has filled, and figures of conversations."""
    answers = rows["label"]
    train = answers.filter(pc.equal(rows["_split"], "train"))
    counts = pc.value_counts(train)
    times = counts.field("counts").to_numpy()
    most = int(times.argmax())
    count = min(_SAMPLE, len(answers))
    sample = answers.take(pa.array(np.linspace(0, len(answers) - 1, count).astype(np.int64)))
    return {
        "asked": _words(rows["text"]),
        "answered": _words(answers),
        "answer_language": guess_language(sample.to_pylist())[0],
        "alike": round(1 - len(times) / len(train), 4),
        "most": round(float(times[most]) / len(train), 4),
        "most_answer": counts.field("values")[most].as_py()[:_SHOWN],
        "fields": int(pc.sum(pc.match_substring_regex(answers, _FIELD)).as_py()),
        **({"chats": _chats(rows)} if holds_chats(rows) else {}),
    }


def _words(column: pa.ChunkedArray) -> dict[str, float]:
    return quantiles(pc.count_substring_regex(column, _WORD).to_numpy().astype(np.int64))


def _chats(rows: pa.Table) -> dict[str, Any]:
    """Turns of a conversation, shares that have a system, tools or several answers, and training rows in which the
    question of a validation or test row is answered on the way."""
    chats = rows[CHAT_COLUMN].combine_chunks()
    turns = chats.field("turns")
    counts = pc.list_value_length(turns).to_numpy()
    role = turns.flatten().field("role")
    row = np.repeat(np.arange(len(counts)), counts)
    answers = np.bincount(row[pc.equal(role, "assistant").to_numpy(zero_copy_only=False)], minlength=len(counts))
    system = np.bincount(row[pc.equal(role, "system").to_numpy(zero_copy_only=False)], minlength=len(counts))
    return {
        "turns": quantiles(counts.astype(np.int64)),
        "system": round(float((system > 0).mean()), 4),
        "tools": round(float(pc.mean(pc.not_equal(chats.field("tools"), "").cast(pa.float64())).as_py()), 4),
        "several": round(float((answers > 1).mean()), 4),
        "passed": _passed(rows, answers > 1),
    }


def _passed(rows: pa.Table, several: Any) -> int:
    """Training rows that answer the question of a validation or test row before their own."""
    train = pc.equal(rows["_split"], "train").to_numpy()
    longer = rows.filter(pa.array(train & several))
    if not longer.num_rows:
        return 0
    held = {_said(chat.asked.turns) for chat in chats_of(rows.filter(pa.array(~train))[CHAT_COLUMN])}
    return sum(not held.isdisjoint(_questions(chat)) for chat in chats_of(longer[CHAT_COLUMN]))


def _questions(chat: Chat) -> list[tuple[tuple[str, str], ...]]:
    """What was asked before each answer but the last one."""
    answers = [place for place, turn in enumerate(chat.turns) if turn.role == "assistant"]
    return [_said(chat.turns[:place]) for place in answers[:-1]]


def _said(turns: tuple[Turn, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((turn.role, turn.content + turn.calls) for turn in turns)


def written_doubts(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What the figures warn of."""
    told = []
    if found["most"] > _ALIKE:
        told.append(warning("answers_alike", share=f"{found['most']:.0%}", answer=repr(found["most_answer"])))
    if found["fields"]:
        told.append(warning("answer_fields", count=found["fields"]))
    if passed := found.get("chats", {}).get("passed"):
        told.append(warning("chats_passed", count=passed))
    return told


__all__ = ["written_doubts", "written_figures"]
