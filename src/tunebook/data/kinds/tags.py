"""A tag for each word of a text, as CoNLL and its kin write named entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.data.describe import warning
from tunebook.data.kind import Labelled
from tunebook.data.options import DataOptions
from tunebook.data.schemes import TWICE, Entities, find_scheme, meanings, read_tags
from tunebook.data.span_columns import TAGGED, WORDS, column_of, lengths_of, spans_of
from tunebook.data.span_kind import SpanKind
from tunebook.data.tagged_words import SINGLE, cut_words


class Tags(SpanKind):
    """The kind `tags`: a file's column holds lists of start, end and tag of each word; prepared rows hold spans, and
    the places of the words in the column `words`."""

    key: ClassVar[str] = "tags"

    def shaped(self, table: pa.Table, told: DataOptions, labelled: bool) -> tuple[pa.Table, dict[str, str]] | None:
        """As it is, where one of its columns holds such lists."""
        name = column_of(TAGGED, table, told) if labelled else None
        return None if name is None else (table, {"label": name})

    def find(self, column: pa.ChunkedArray, options: DataOptions, coded: bool) -> Labelled:
        """The entities that the tags mark, by the scheme of all tags; broken sequences are read as conlleval does.

        Raises:
            DataError: `data.tag_twice`, words of many rows bear two tags.
        """
        if column.type != TAGGED:
            raise DataError("data.no_marks", key=options.label or "label")
        words = column.combine_chunks()
        named = _renamed(words, options.label_names)
        bad, words, tags = _usable(words, named)
        if len(bad["tag_twice"]) > options.max_dropped * len(words):
            value = next(tag for tag in named.to_pylist() if TWICE.fullmatch(tag))
            raise DataError("data.tag_twice", key=options.label or "label", value=value, rows=len(bad["tag_twice"]))
        spans, entities, key = _read(words, tags, options)
        found = self._tidy(spans, _without_tags(options, tags))
        rows = np.unique(np.repeat(np.arange(len(words)), lengths_of(words))[entities.broken]).astype(np.int64)
        return replace(
            found,
            bad={**found.bad, **bad},
            facts={"scheme": key, "tags_repaired": int(entities.broken.sum()), "letters": _letters(words)},
            changed={**found.changed, "tags_repaired": rows},
        )

    def known(self, column: pa.ChunkedArray, data: DataRef) -> tuple[pa.Array, list[str]]:
        """The entities, read as those of the book were."""
        options = DataOptions(**(data.stats.get("preset") or {}))
        words = column.combine_chunks()
        spans, _, _ = _read(words, _renamed(words, options.label_names), options)
        return self._known(spans, data)

    def words(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Their places."""
        words = column.combine_chunks()
        inner = words.flatten()
        places = pa.StructArray.from_arrays([inner.field("start"), inner.field("end")], fields=list(WORDS.value_type))
        ends = pa.array(np.concatenate(([0], np.cumsum(lengths_of(words)))).astype(np.int32))
        return pa.chunked_array([pa.ListArray.from_arrays(ends, places)])

    def cut(self, texts: Sequence[str], data: DataRef) -> list[NDArray[np.int64]] | None:
        """Words, unless the book's are single letters, as those of Chinese are: then any token may begin an entity."""
        return None if data.stats["letters"] else [cut_words(text) for text in texts]

    def warnings(self, labelled: Labelled, column: str, options: DataOptions) -> list[dict[str, Any]]:
        """Of tags that break their scheme."""
        count, scheme = labelled.facts["tags_repaired"], labelled.facts["scheme"]
        return [warning("tags_repaired", count=count, scheme=scheme.upper())] if count else []


def _letters(words: pa.ListArray) -> bool:
    """Whether nearly all words are a single sign."""
    inner = words.flatten()
    return bool((inner.field("end").to_numpy() - inner.field("start").to_numpy() == 1).mean() >= SINGLE)


def _renamed(words: pa.ListArray, names: dict[str, str] | list[str] | None) -> pa.Array:
    """Tags by the names that numbers stand for, and as the user calls them.

    Raises:
        DataError: `data.tags_numbered`, they are numbers without names.
    """
    tags = words.flatten().field("tag").dictionary_encode()
    written = tags.dictionary.to_pylist()
    if isinstance(names, list):
        names = {str(place): name for place, name in enumerate(names)}
    given: Mapping[str, str] = names or {}
    bare = [tag for tag in written if tag not in given]
    if bare and all(map(str.isdigit, written)):
        raise DataError("data.tags_numbered", key="label", value=", ".join(sorted(bare, key=int)[:10]))
    return pa.array([given.get(tag, tag) for tag in written], pa.string()).take(tags.indices)


def _without_tags(options: DataOptions, tags: pa.Array) -> DataOptions:
    """The options with the names of types alone: those of tags are given already."""
    names = options.label_names
    if isinstance(names, list):
        return options.model_copy(update={"label_names": None})
    left = {old: new for old, new in (names or {}).items() if new not in set(pc.unique(tags).to_pylist())}
    return options.model_copy(update={"label_names": left or None})


def _usable(words: pa.ListArray, tags: pa.Array) -> tuple[dict[str, Any], pa.ListArray, pa.Array]:
    """Reason -> places of rows that cannot be used, and the words and tags of the others."""
    counts = lengths_of(words)
    rows = np.repeat(np.arange(len(words)), counts)
    twice = pc.match_substring_regex(tags, f"^(?:{TWICE.pattern})$").to_numpy(zero_copy_only=False)
    bad = {
        "no_words": np.flatnonzero(counts == 0).astype(np.int64),
        "tag_twice": np.unique(rows[twice]).astype(np.int64),
    }
    keep = ~np.isin(rows, bad["tag_twice"])
    inner = words.flatten().filter(pa.array(keep))
    counts = np.where(np.isin(np.arange(len(words)), bad["tag_twice"]), 0, counts)
    ends = pa.array(np.concatenate(([0], np.cumsum(counts))).astype(np.int32))
    return bad, pa.ListArray.from_arrays(ends, inner), tags.filter(pa.array(keep))


def _read(words: pa.ListArray, tags: pa.Array, options: DataOptions) -> tuple[pa.ListArray, Entities, str]:
    """Spans of the entities, their words, and the scheme."""
    coded = tags.dictionary_encode()
    written: Sequence[str] = coded.dictionary.to_pylist()
    index = coded.indices.to_numpy().astype(np.int64)
    counts = np.bincount(index, minlength=len(written))
    scheme = find_scheme(dict(zip(written, counts.tolist(), strict=True)), options)
    names = list(dict.fromkeys(name for _, name in scheme.cut.values()))
    letters, kinds = meanings(scheme, names, list(written))
    lengths = lengths_of(words)
    codes = (letters[index], kinds[index]) if len(written) else (index, index)
    entities, key = read_tags(codes, np.cumsum(lengths), options.scheme or scheme.key)
    inner = words.flatten()
    starts, ends = inner.field("start").to_numpy(), inner.field("end").to_numpy()
    rows = np.repeat(np.arange(len(words)), lengths)[entities.first]
    found = pa.array([names[kind] for kind in entities.kinds.tolist()], pa.string())
    places = (starts[entities.first], ends[entities.last])
    return spans_of(np.bincount(rows, minlength=len(words)), places, found), entities, key


__all__ = ["Tags"]
