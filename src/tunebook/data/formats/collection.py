"""Collections for retrieval: a corpus, queries and relevance judgements in a file each, as BEIR and TREC have them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from tunebook.core.errors import DataError
from tunebook.core.nouns import Split
from tunebook.data.encoding import decode
from tunebook.data.exports import Export, Format
from tunebook.data.gains import ALLOWED, gain_of
from tunebook.data.given_split import split_of
from tunebook.data.jsons import json_rows
from tunebook.data.judged_columns import titled
from tunebook.data.passages import CORPUS, JUDGED
from tunebook.data.preview import Preview

_ENDS = (".jsonl", ".json", ".tsv", ".txt", ".csv", "")
# What a file of a collection is called.
_PARTS = {
    "qrels": re.compile(r"(^|.*/)(qrels?/.*|[^/]*qrels?[^/]*)"),
    "queries": re.compile(r"(^|.*/)[^/]*(queries|query|topics)[^/]*"),
    "corpus": re.compile(r"(^|.*/)[^/]*(corpus|collection|documents|docs|passages)[^/]*"),
}
_QUERY_ID, _PASSAGE_ID = ("query-id", "query_id", "qid", "query"), ("corpus-id", "corpus_id", "doc-id", "docid", "pid")
_GAIN = ("score", "relevance", "rel", "label", "gain")


class Collection(Format):
    """Queries that name the passages of a corpus; of qrels for each split, with the split of each query."""

    title: ClassVar[str] = "BEIR / TREC"

    def fits(self, preview: Preview) -> bool:
        """A folder or package with qrels, and a corpus or queries."""
        return "qrels" in (found := _files(preview)) and len(found) > 1

    def read(self, preview: Preview) -> Export:
        """A row a judged query of each split; queries that nobody judged are left.

        Raises:
            DataError: `format.lacks`, there are no queries or no corpus; `format.damaged`, a line has no id or no text;
                `data.gain`, its gain is no number.
        """
        files = _files(preview)
        lacking = [part for part in _PARTS if part not in files]
        if lacking:
            raise self.refusal("lacks", preview, value=lacking[0])
        corpus = dict(item for part in files["corpus"] for item in _texts(part))
        queries = dict(item for part in files["queries"] for item in _texts(part))
        rows: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
        faults: dict[int, str] = {}
        judged = ((_split(part), *line) for part in files["qrels"] for line in _judgements(part))
        for number, (split, query, passage, gain) in enumerate(judged, start=1):
            if query in queries:
                rows.setdefault((query, split), []).append({"id": passage, "text": None, "gain": gain})
            else:
                faults[number] = query
        splits = {split for _, split in rows}
        table = pa.table(
            {
                "id": pa.array([query for query, _ in rows], pa.large_string()),
                "query": pa.array([queries[query] for query, _ in rows], pa.large_string()),
                "passages": pa.array(list(rows.values()), JUDGED),
                **({"split": pa.array([split or "train" for _, split in rows])} if len(splits) > 1 else {}),
            }
        )
        roles = {"text": "query", "label": "passages", "row_id": "id"}
        roles |= {"split_column": "split"} if len(splits) > 1 else {}
        left = len(queries) - len({query for query, _ in rows})
        notes = {"queries_left": str(left)} if left else {}
        texts = pa.table([list(corpus), list(corpus.values())], schema=CORPUS)
        numbers = np.arange(1, table.num_rows + 1, dtype=np.int64)
        return Export(table, numbers, roles, {"no_query": faults} if faults else {}, notes, corpus=texts)


def _files(preview: Preview) -> dict[str, list[Preview]]:
    """Part of a collection -> its files."""
    found: dict[str, list[Preview]] = {}
    for part in preview.parts:
        path = PurePosixPath(part.name.lower().removesuffix(".gz"))
        kind = next((kind for kind, name in _PARTS.items() if name.fullmatch(path.with_suffix("").as_posix())), None)
        if kind and path.suffix in _ENDS and not part.blank:
            found.setdefault(kind, []).append(part)
    return found


def _split(part: Preview) -> Split | None:
    """The split that a file's name says: `qrels/test.tsv`, `qrels.dev.small.tsv`."""
    words = re.split(r"[./_-]", part.name.lower())
    return next((split for word in words if (split := split_of(word))), None)


def _text(part: Preview) -> str:
    data = gzip.decompress(part.data) if part.name.endswith(".gz") else part.data
    return decode(data, part.path, part.options.encoding).data.decode("utf-8")


def _texts(part: Preview) -> Iterator[tuple[str, str]]:
    """Id and text of each passage or query: of JSON Lines with `_id`, perhaps `title`, and `text`, or of two columns,
    the title in a third between them."""
    text = _text(part)
    if text.lstrip()[:1] in ("{", "["):
        for row in json_rows(text.encode(), part.path)[0]:
            yield str(row["_id"] if "_id" in row else row["id"]), titled(row.get("title"), row["text"])
        return
    for line in _lines(text):
        name, *parts = re.split(r"\t", line) if "\t" in line else line.split(maxsplit=1)
        if not parts:
            raise DataError("format.damaged", key=str(part.path), tool=Collection.title, reason=f"{part.name}: {line}")
        if name.lower() not in ("id", "_id", *_QUERY_ID, *_PASSAGE_ID):
            yield name, titled(" ".join(parts[:-1]), parts[-1])


def _judgements(part: Preview) -> Iterator[tuple[str, str, float]]:
    """Query, passage and gain of each line: three columns under a heading, as BEIR has them, or four, as TREC."""
    text = _text(part)
    if text.lstrip()[:1] == "{":
        for number, row in enumerate(json_rows(text.encode(), part.path)[0], 1):
            cells = [next(row[name] for name in names if name in row) for names in (_QUERY_ID, _PASSAGE_ID, _GAIN)]
            yield str(cells[0]), str(cells[1]), _graded(part, cells[2], number)
        return
    for number, line in enumerate(_lines(text)):
        cells = line.split()
        if number == 0 and cells[0].lower() in _QUERY_ID:
            continue
        if len(cells) not in (3, 4):
            raise DataError("format.damaged", key=str(part.path), tool=Collection.title, reason=f"{part.name}: {line}")
        yield cells[0], cells[-2], _graded(part, cells[-1], number + 1)


def _graded(part: Preview, cell: Any, row: int) -> float:
    """The gain of a line, which says one. Raises: DataError: `data.gain`."""
    gain = gain_of(cell, part.name, row)
    if gain != gain:
        raise DataError("data.gain", key=part.name, value=cell, row=row, allowed=ALLOWED)
    return gain


def _lines(text: str) -> Iterator[str]:
    return (line for line in text.split("\n") if line.strip())


__all__ = ["Collection"]
