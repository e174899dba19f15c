"""Prompts with answers that a model of preferences is to judge: of a file, or of rows that are given as objects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from tunebook.core.answers import Rows
from tunebook.core.errors import DataError
from tunebook.core.messages import say
from tunebook.core.nouns import DataRef
from tunebook.data.answer_pairs import ANSWERS, PROMPT, judged_column, pair_columns
from tunebook.data.chats import CHAT_COLUMN, chats_of
from tunebook.data.kind import column_kind
from tunebook.data.options import DataOptions
from tunebook.data.read import read

_SIDES = ("chosen", "rejected")
_FEW = 5  # rows that an error names


def answers_in(data: DataRef, path: Path, options: DataOptions) -> tuple[Rows, pa.Table]:
    """Rows of a file of preferences, and its columns: prompts, answers and what else is said in single values.

    Raises:
        DataError: as `answers_of`, and as `read`.
    """
    told = options.model_copy(update={"task": data.task, "problem": data.labels.problem})
    source = read(path, told, labelled=True)
    return answers_of(data, source.table, str(path), told, source.rows.tolist())


def answers_of(
    data: DataRef, table: pa.Table, place: str, told: DataOptions | None = None, numbers: list[int] | None = None
) -> tuple[Rows, pa.Table]:
    """The same of a table.

    Args:
        place: of the rows, for errors; numbers: of the rows there.

    Raises:
        DataError: `preference.no_answers`, there are prompts alone; `preference.lost`, rows without a prompt or a
            judged answer, or with the same answer twice.
    """
    names, kind = table.column_names, column_kind(data.labels.problem)
    if ANSWERS not in names and pair_columns(names) is None and judged_column(names) is None:
        raise DataError("preference.no_answers", key=place)
    asked = (told or DataOptions()).model_copy(update={"task": data.task, "problem": data.labels.problem})
    shaped = kind.shaped(table, asked, True)
    table = shaped[0] if shaped is not None else table
    cells = table[ANSWERS].to_pylist()
    lost = {number: cell["fault"] for number, cell in enumerate(cells) if cell["fault"]}
    if lost:
        few = ", ".join(str(numbers[one] if numbers else one + 1) for one in list(lost)[:_FEW])
        reasons = "; ".join(say(f"ledger.{reason}") for reason in sorted(set(lost.values())))
        raise DataError("preference.lost", key=place, value=len(lost), rows=few, reasons=reasons)
    known, _ = kind.known(table[ANSWERS], data)
    prompts = table[PROMPT].to_pylist()
    rows = Rows(
        prompts, None, None, [str(number) for number in range(len(prompts))], chats=chats_of(table[CHAT_COLUMN])
    )
    shown = table.drop_columns([CHAT_COLUMN, ANSWERS])
    for side in _SIDES:
        column = [cell[side] for cell in cells]
        shown = shown.append_column(side, pa.array(column, pa.large_string()))
    return replace(rows, targets=kind.targets(pa.chunked_array([known]), data.labels)), shown


__all__ = ["answers_in", "answers_of"]
