"""From files to frozen rows: read, find the roles, clean, tidy the labels, take out repeats, split, freeze."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from tunebook.core.errors import DataError
from tunebook.core.files import part_of
from tunebook.core.locations import PASSAGES
from tunebook.core.nouns import SPLITS, DataRef, Labels, Roles, Split, write_json
from tunebook.data.chats import CHAT_COLUMN, holds_chats
from tunebook.data.clean import chosen_rules
from tunebook.data.columns import storable
from tunebook.data.dedup_split import KEY, Found, choose_splits, joined_draft, keyed_draft, without_repeats
from tunebook.data.describe import describe, find_warnings, warning
from tunebook.data.draft import Draft, clean_draft, labelled_rows, row_ids, timed_draft, weigh_draft
from tunebook.data.fingerprint import content_of
from tunebook.data.frozen import SPLIT, open_data
from tunebook.data.gather import FILE, GIVEN, ROW, TIME, Gathered, gather
from tunebook.data.kind import Labelled, column_kind, kinds_for
from tunebook.data.label_checks import accepted_draft, refuse_tags, refuse_unknown
from tunebook.data.labels import find_labels
from tunebook.data.ledger import ANSWERS_PUT_RIGHT, ASIDE, PUT_RIGHT, Ledger
from tunebook.data.options import DataOptions
from tunebook.data.passages import JUDGED, TAUGHT, TAUGHT_COLUMN, passage_warnings, pooled
from tunebook.data.votes import OWN, annotator_columns
from tunebook.data.workers import each

ROWS, LEDGER = "rows.parquet", "ledger.jsonl"
_LABEL, _WORDS = "\0label", "\0words"
# Note of a file, which is the code of its warning too -> what the warning calls it.
_NOTES = {
    "encoding_guessed": "encoding",
    "formulas": "cells",
    "errors": "cells",
    "hidden_keep": "what",
    "hidden_drop": "what",
    "repeated": "names",
    "beside": "columns",
    "twice": "rows",
    "split_column": "column",
    "fold_column": "column",
    "weight_column": "column",
    "second_text": "column",
    "no_status": "tool",
    "parts_left": "names",
    "relations_left": "count",
    "units": "unit",
    "queries_left": "count",
    "listed": "name",
    "not_listed": "name",
}


def prepare(
    train: Sequence[Path],
    into: Path,
    options: DataOptions | None = None,
    *,
    validation: Path | None = None,
    test: Path | None = None,
) -> DataRef:
    """Prepare the rows of a book once and for all.

    Writes rows.parquet (columns `_id`, `_row`, `_file`, `_split`, `text`, perhaps `pair`, `label`, perhaps `words`,
    perhaps `chat`, perhaps `weight`, and the other columns untouched), perhaps passages.parquet (`id`, `text`),
    ledger.jsonl and split.json. Validation and test files are kept as they are; splits without a file are cut from the
    training files. The same call again changes nothing.

    Raises:
        DataError: the data cannot be used as it is, or `into` holds other data (`data.exists`).
    """
    options = options or DataOptions()
    kinds_for(None, options.task)  # what nothing learns is told before anything is read
    rules = chosen_rules(options.clean)
    ledger = Ledger()
    paths: dict[Split, Sequence[Path]] = {
        "train": list(train),
        "validation": [validation] if validation else [],
        "test": [test] if test else [],
    }
    gathered = gather(paths, options, ledger)
    roles, options = gathered.roles, gathered.options
    draft = Draft(gathered.table, gathered.files, ledger)
    gathered = replace(gathered, table=draft.table.schema.empty_table())  # columns that change need not be kept
    pa.default_memory_pool().release_unused()  # here, the bytes of the files; below, the rows as they were before
    draft, changes = clean_draft(draft, roles, options, rules)
    draft, told = accepted_draft(draft)
    draft, passages, facts = _pooled(draft, gathered, rules)
    draft, labelled = _label(draft, gathered)
    draft = weigh_draft(draft, roles.weight)
    draft = timed_draft(draft, roles.time, options) if options.parts_by == "time" else draft
    ledger.check(options.max_dropped)
    kind = kinds_for(labelled.labels.problem, options.task)[0]
    if roles.text_pair and options.task in kind.single_for:
        raise DataError("data.pair_classes", key=roles.text_pair, value=options.task)
    draft = joined_draft(draft, roles, kind, _LABEL) if kind.joins else draft
    draft, found = without_repeats(keyed_draft(draft, roles), kind.text(draft.table[_LABEL]), options)
    pa.default_memory_pool().release_unused()
    draft, side = choose_splits(draft, roles, labelled.labels, _LABEL, options)
    table, ids_unusable = _rows(draft, roles, side)
    labels = kind.bounds(labelled.labels, table.filter(pc.equal(table["_split"], "train"))["label"])
    stats = _stats(table, labels, roles, options, gathered)
    stats |= {"cleaning": {"rules": rules, "changed": changes}, "ledger": ledger.summary()}
    stats |= {"repeats": _repeats(found), "merged_labels": labelled.merged, **labelled.facts, **facts}
    told += passage_warnings(facts.get("passages", {}))
    told += kind.warnings(labelled, str(roles.label), options)
    told += file_warnings(gathered.notes, ledger)  # what was read comes before what it is like
    stats["warnings"] = [*told, *_warnings(stats, found, labelled, gathered, ids_unusable)]
    ref = _ref(into, gathered, labels, content_of(table, passages), stats)
    return _freeze(table, passages, ref.model_copy(update={"task": options.task or kind.tasks[0]}), ledger)


def _pooled(draft: Draft, gathered: Gathered, rules: list[str]) -> tuple[Draft, pa.Table | None, dict[str, Any]]:
    """The draft with numbered passages, these, and figures of them, where the rows are queries with passages."""
    if draft.table.schema.field(gathered.roles.label).type != JUDGED:
        return draft, None, {}
    draft.ledger.check(gathered.options.max_dropped)
    pool = pooled(draft, gathered.roles, gathered.corpus, rules, gathered.options)
    return pool.draft, pool.passages, pool.facts


def _label(draft: Draft, gathered: Gathered) -> tuple[Draft, Labelled]:
    """The draft with tidy labels, without the rows that have none."""
    roles, options = gathered.roles, gathered.options
    draft.ledger.check(options.max_dropped)  # many faulty rows are to be told first, not what they do to the labels
    refuse_tags(draft, roles, options)
    named = options.model_copy(update={"label": roles.label})  # for messages: the column may have been found
    labelled = find_labels(draft.table[str(roles.label)], named, gathered.coded)
    refuse_unknown(draft, labelled)
    words = column_kind(labelled.labels.problem).words(draft.table[str(roles.label)])
    draft = draft.put(_LABEL, labelled.column)
    draft = draft if words is None else draft.put(_WORDS, words)
    for reason, places in {"label_merged": labelled.merged_rows, **labelled.changed}.items():
        draft.note("changed", reason, places)
    return labelled_rows(draft, labelled.bad), labelled


def _rows(draft: Draft, roles: Roles, side: Any) -> tuple[pa.Table, bool]:
    """The columns of rows.parquet."""
    table = draft.table
    ids, unusable = row_ids(draft, roles.row_id)
    columns: dict[str, Any] = {
        "_id": ids,
        "_row": table[ROW],
        "_file": pa.array(draft.files).take(pa.array(draft.numbers(FILE))),
        "_split": pa.array(SPLITS).take(pa.array(side)),
        "text": table[roles.text],
    }
    columns |= {"pair": table[roles.text_pair]} if roles.text_pair else {}
    columns["label"] = table[_LABEL]
    columns |= {"words": table[_WORDS]} if _WORDS in table.column_names else {}
    columns |= {CHAT_COLUMN: table[CHAT_COLUMN]} if holds_chats(table) else {}
    columns |= {TAUGHT: table[TAUGHT_COLUMN]} if TAUGHT_COLUMN in table.column_names else {}
    columns |= {"weight": table[roles.weight]} if roles.weight else {}
    used = {roles.text, roles.text_pair, roles.label, roles.weight, FILE, ROW, GIVEN, TIME, KEY, _LABEL, _WORDS}
    used |= {TAUGHT_COLUMN, *({CHAT_COLUMN} & set(columns))}
    own = (*OWN, *({"words", TAUGHT} & set(columns)))
    for name in table.column_names:
        if name not in used:
            columns[f"source_{name}" if name in own else name] = storable(table[name])
    return pa.table(columns), unusable


def _stats(table: pa.Table, labels: Labels, roles: Roles, options: DataOptions, gathered: Gathered) -> dict[str, Any]:
    stats = describe(table, labels, annotator_columns(roles, table.column_names))
    stats["preset"] = options.model_dump(mode="json")
    stats["seed"] = options.seed
    stats["split_by"] = options.parts_by
    stats["given"] = sorted(gathered.given)
    stats["files"] = gathered.notes
    return stats


def _repeats(found: Found) -> dict[str, int]:
    return {
        "duplicates": found.duplicates,
        "conflicts": found.conflicts,
        "leaked": found.leaked,
        "validation_in_test": found.duplicates_elsewhere,
    }


def _repeat_warnings(found: Found, otherwise: str, kept: bool) -> list[dict[str, Any]]:
    """Args: kept: rows that repeat an earlier one were; the ledger tells of those that were dropped."""
    warnings = []
    if found.duplicates and kept:
        warnings.append(warning("duplicates", count=found.duplicates))
    if found.votes:
        warnings.append(warning("votes", count=found.votes, column=found.voter))
    if found.conflicts:
        warnings.append(warning(otherwise, count=found.conflicts, rows=found.conflict_rows))
    if found.leaked:
        warnings.append(warning("leaked", count=found.leaked))
    if found.duplicates_elsewhere:
        warnings.append(warning("validation_in_test", count=found.duplicates_elsewhere))
    return warnings


def _warnings(
    stats: dict[str, Any], found: Found, labelled: Labelled, gathered: Gathered, ids_unusable: bool
) -> list[dict[str, Any]]:
    kind, kept = column_kind(labelled.labels.problem), stats["preset"]["duplicates"] == "keep"
    warnings = [*find_warnings(stats), *kind.doubts(stats), *_repeat_warnings(found, kind.otherwise, kept)]
    if labelled.merged:
        merged = "; ".join(f"{old!r} → {new!r}" for old, new in list(labelled.merged.items())[:5])
        warnings.append(warning("labels_merged", merged=merged))
    if ids_unusable:
        warnings.append(warning("ids_repeated", column=gathered.roles.row_id))
    return warnings


def _ref(into: Path, gathered: Gathered, labels: Labels, content: str, stats: dict[str, Any]) -> DataRef:
    return DataRef(
        path=into,
        sources=gathered.sources,
        roles=gathered.roles,
        labels=labels,
        rows={split: stats["rows"][split] for split in SPLITS},
        content=content,
        stats=stats,
    )


def _freeze(table: pa.Table, passages: pa.Table | None, ref: DataRef, ledger: Ledger) -> DataRef:
    """Write the files, split.json last: a folder without it is not finished."""
    into = ref.path
    if (into / SPLIT).is_file():
        there = open_data(into)
        if (there.content, there.roles, there.labels, there.task) != (ref.content, ref.roles, ref.labels, ref.task):
            raise DataError("data.exists", key=str(into))
        return there
    into.mkdir(parents=True, exist_ok=True)
    tables = {ROWS: table} if passages is None else {ROWS: table, PASSAGES: passages}
    each(
        lambda write: write(),
        [partial(_write, into / name, rows) for name, rows in tables.items()] + [partial(ledger.write, into / LEDGER)],
    )
    write_json(ref.model_copy(update={"path": Path()}), into / SPLIT)
    return ref


def _write(path: Path, table: pa.Table) -> None:
    with part_of(path) as part:
        parquet.write_table(table, part, compression="zstd")


def file_warnings(files: Mapping[str, Mapping[str, str]], ledger: Ledger) -> list[dict[str, Any]]:
    """Guessed encodings, cells without values, columns that were not asked to play a part, what was taken for no row.

    Args:
        files: name of each file -> what was found out of it.
    """
    found = []
    for file, notes in files.items():
        for note, field in _NOTES.items():
            if note in notes:
                found.append(warning(note, file=file, **{field: notes[note]}))
    if ledger.total("dropped", "open_quote"):
        found.append(warning("open_quote", rows=ledger.examples("open_quote")))
    changed = ledger.counts("changed")
    told = [reason for reason in PUT_RIGHT if reason in changed]
    found += [warning("marks_changed", reason=reason, rows=ledger.examples(reason)) for reason in told]
    told = [reason for reason in ANSWERS_PUT_RIGHT if reason in changed]
    found += [warning("answers_changed", reason=reason, rows=ledger.examples(reason)) for reason in told]
    if count := ledger.total("changed", "answered_again"):
        found.append(warning("answered_again", count=count, rows=ledger.examples("answered_again")))
    for reason in ASIDE:
        if ledger.total("dropped", reason):
            found.append(warning("aside", reason=reason, rows=ledger.examples(reason)))
    return found


__all__ = ["LEDGER", "ROWS", "file_warnings", "prepare"]
