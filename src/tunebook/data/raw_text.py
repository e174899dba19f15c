"""Raw text without labels: documents from a file, cleaned, each once, some of them kept apart for scoring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from tunebook.core.errors import DataError
from tunebook.core.files import content_id, file_id, part_of, text_lines
from tunebook.core.nouns import DataRef, Labels, Roles, write_json
from tunebook.data.clean import chosen_rules, clean_column
from tunebook.data.columns import is_text
from tunebook.data.encoding import decode
from tunebook.data.files import read_bytes
from tunebook.data.fingerprint import fingerprint
from tunebook.data.frozen import SPLIT, open_data
from tunebook.data.ledger import Entry, Ledger
from tunebook.data.load import load_table
from tunebook.data.prepare import LEDGER, ROWS
from tunebook.data.read import read

_PLAIN = (".txt", ".text")
_PARAGRAPHS = 0.1  # blank lines over lines of text from which on a document is a paragraph, not a line
_FEWEST = 4


def prepare_raw(
    file: Path, into: Path, *, column: str | None = None, share: float = 0.05, known: DataRef | None = None, task: str
) -> DataRef:
    """Prepare the documents of a file once; a later call gives what is there.

    Empty documents and repeats are left out, and so are the texts of the known book's validation and test rows: a model
    that has seen them is no judge of itself. All of it stands in the ledger.

    Args:
        file: .txt (.gz), with a document a line, or a paragraph where blank lines part them; or any table with a
            column of texts.
        into: folder under which the documents get a folder of their own.
        column: of the texts; None takes `text`, else the one with most characters.
        share: of the documents that are kept apart.
        known: the book for which they are read.

    Raises:
        DataError: the file cannot be read, has no such column, or fewer than four documents are left.
    """
    rules = chosen_rules(None)
    content = known.content if known else ""
    folder = into / f"text-{content_id([file_id(file), file.name, column, share, content, rules, task])}"
    if (folder / SPLIT).is_file():
        return open_data(folder)
    ledger = Ledger()
    texts, numbers = _documents(file, column)
    ledger.count(file.name, len(texts))
    texts = clean_column(pa.chunked_array([texts]), rules).column
    held = _held(known)
    fate = _fates(texts.to_pylist(), held)
    for reason in ("empty_text", "duplicate", "leaked"):
        ledger.note(Entry("dropped", reason, file.name, numbers[fate == reason]))
    kept = np.flatnonzero(fate == "")
    if len(kept) < _FEWEST:
        raise DataError("stages.documents", key=str(file), value=len(kept), allowed=f">= {_FEWEST}")
    table = _table(texts.take(pa.array(kept)), numbers[kept], file.name, share)
    return _write(table, folder, file, ledger, task)


def _documents(file: Path, column: str | None) -> tuple[pa.Array, NDArray[np.int64]]:
    """Texts of a file, and the number of each line or row."""
    data, inner = read_bytes(file)
    if Path(inner).suffix.lower() in _PLAIN:
        return _plain(decode(data, file, None).data.decode("utf-8", "replace"))
    source = read(file)
    texts = [name for name in source.table.column_names if is_text(source.table[name].type)]
    if column is not None and column not in texts:
        raise DataError("outside.column", key=str(file), value=column, allowed=" | ".join(texts))
    if not texts:
        raise DataError("outside.column", key=str(file), value="text", allowed=" | ".join(source.table.column_names))
    longest = max(texts, key=lambda name: pc.sum(pc.utf8_length(source.table[name])).as_py() or 0)
    name = column or ("text" if "text" in texts else longest)
    return pc.fill_null(source.table[name], "").combine_chunks().cast(pa.large_string()), source.rows


def _plain(text: str) -> tuple[pa.Array, NDArray[np.int64]]:
    """Lines, or paragraphs where blank lines part them."""
    lines = text_lines(text.lstrip("\ufeff"))
    blank = np.array([not line.strip() for line in lines])
    if blank.sum() < _PARAGRAPHS * (~blank).sum():
        return pa.array(lines, pa.large_string()), np.arange(1, len(lines) + 1)
    starts = [n for n in range(len(lines)) if not blank[n] and (n == 0 or blank[n - 1])]
    ends = [n for n in range(1, len(lines) + 1) if not blank[n - 1] and (n == len(lines) or blank[n])]
    parts = ["\n".join(lines[start:end]) for start, end in zip(starts, ends, strict=True)]
    return pa.array(parts, pa.large_string()), np.array(starts, dtype=np.int64) + 1


def _held(known: DataRef | None) -> set[str]:
    """Texts that judge the book's models."""
    if known is None:
        return set()
    table = load_table(known)
    rows = table.filter(pc.not_equal(table["_split"], "train"))
    columns = [name for name in ("text", "pair") if name in rows.column_names]
    return {text for name in columns for text in rows[name].to_pylist() if text}


def _fates(texts: list[str], held: set[str]) -> NDArray[Any]:
    """Why each text is left out; empty for those that stay."""
    seen: set[str] = set()
    fates = []
    for text in texts:
        fates.append("empty_text" if not text else "duplicate" if text in seen else "leaked" if text in held else "")
        seen.add(text)
    return np.array(fates, dtype=object)


def _table(texts: pa.ChunkedArray, numbers: NDArray[np.int64], file: str, share: float) -> pa.Table:
    count = len(numbers)
    apart = np.random.Generator(np.random.PCG64(0)).permutation(count)[: max(1, round(share * count))]
    side = np.full(count, "train", dtype=object)
    side[apart] = "validation"
    return pa.table(
        {
            "_id": pa.array([f"{file}:{number}" for number in numbers]),
            "_row": pa.array(numbers),
            "_file": pa.array([file] * count),
            "_split": pa.array(side, pa.string()),
            "text": texts,
        }
    )


def _write(table: pa.Table, folder: Path, file: Path, ledger: Ledger, task: str) -> DataRef:
    """Write the documents, split.json last: a folder without it is not finished."""
    folder.mkdir(parents=True, exist_ok=True)
    with part_of(folder / ROWS) as part:
        parquet.write_table(table, part, compression="zstd")
    ledger.write(folder / LEDGER)
    apart = pc.sum(pc.equal(table["_split"], "validation")).as_py()
    ref = DataRef(
        task=task,
        path=folder,
        sources={file.name: file_id(file)},
        roles=Roles(text="text"),
        labels=Labels(problem="language_model"),
        rows={"train": table.num_rows - apart, "validation": apart, "test": 0},
        content=fingerprint(table),
        stats={"cleaning": {"rules": chosen_rules(None)}, "ledger": ledger.summary(), "warnings": []},
    )
    write_json(ref.model_copy(update={"path": Path()}), folder / SPLIT)
    return ref


__all__ = ["prepare_raw"]
