"""Marked places in texts: named entities, slots, terms."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.kind import Link
from tunebook.core.nouns import DataRef, Labels
from tunebook.data.annotated_spans import MarkedSpan, flattened
from tunebook.data.describe import eta_squared, quantiles, warning
from tunebook.data.kind import ColumnKind, Labelled
from tunebook.data.label_names import given_names, in_order, known_name, tidy_names
from tunebook.data.labels import codes_of, in_given_order, rarest
from tunebook.data.options import DataOptions
from tunebook.data.span_columns import lengths_of, spans_of

Place = tuple[int, int, str]
_MIXED = 5  # texts of spans that are shown


class SpanKind(ColumnKind):
    """A kind whose prepared column holds lists of start, end and label, in code points, the end exclusive.

    Targets are int64, shape (N, 1 + 3 S): how many spans a row has, then start, end and number of the name of each, and
    0 beyond; S is the number of spans of the row that has most.
    """

    link: ClassVar[Link] = "softmax"
    tasks: ClassVar[tuple[str, ...]] = ("tagging",)
    of_words: ClassVar[bool] = True

    def outputs(self, names: Sequence[str]) -> int:
        """Those of a token: none, and for each name that a span begins and that it goes on."""
        return 2 * len(names) + 1

    def _tidy(self, spans: pa.ListArray, options: DataOptions) -> Labelled:
        """Spans with names in one spelling, in their usual order."""
        bad = {"no_label": np.flatnonzero(spans.is_null().to_numpy(zero_copy_only=False)).astype(np.int64)}
        given = spans
        spans, twice, crossed = _apart(spans, options.overlaps)
        changed = {"span_twice": twice} if len(twice) else {}
        if len(crossed):
            (bad if options.overlaps == "refuse" else changed)["span_crossed"] = crossed
        written = self.borne(spans)
        counts = Counter(written.to_pylist())
        if not counts:
            lacking = DataError("data.no_spans", key=options.label or "label")
            raise _overlap(given, crossed, options.label) if len(crossed) else lacking
        tidy = tidy_names(counts, options.merge_label_case)
        given = given_names(set(tidy.values()), options.label_names) if options.label_names else {}
        final = {name: given.get(one, one) for name, one in tidy.items()}
        names = list(dict.fromkeys(given.get(old, old) for old in in_order(tidy.values())))
        names = in_given_order(names, options)
        if len(names) > options.max_classes:
            limit = options.max_classes
            raise DataError(
                "data.classes_limit", key="label", value=names[:3], classes=len(names), rows=len(spans), limit=limit
            )
        respelt = pa.array([final[name] for name in written.to_pylist()], pa.string())
        merged = {old: new for old, new in tidy.items() if old != new}
        touched = pc.is_in(written, pa.array(list(merged), pa.string())).to_numpy(zero_copy_only=False)
        rows = np.unique(pc.list_parent_indices(spans).to_numpy()[touched]).astype(np.int64)
        labels = Labels(problem=self.key, names=names)
        return Labelled(labels, _named(spans, respelt), bad, {}, merged, rows, dict(counts), changed=changed)

    def _known(self, spans: pa.ListArray, data: DataRef) -> tuple[pa.Array, list[str]]:
        """Spans with the names that the book gave, and those that it lacks.

        Raises:
            DataError: `data.span_overlap`, some overlap once the texts are clean, and the book's options refuse that.
        """
        overlaps = (data.stats.get("preset") or {}).get("overlaps", "refuse")
        given = spans
        spans, _, crossed = _apart(spans, overlaps)
        if len(crossed) and overlaps == "refuse":
            raise _overlap(given, crossed, data.roles.label)
        names = [known_name(name, data) for name in self.borne(spans).to_pylist()]
        unknown = [name for name in names if name not in data.labels.names]
        return _named(spans, pa.array(names, pa.string())), unknown

    def bounds(self, labels: Labels, column: pa.ChunkedArray) -> Labels:
        """As they are, where a training row has a span at all: one name is enough."""
        if not len(self.borne(column)):
            raise DataError("data.no_spans", key="label")
        return labels

    def targets(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
        """How many, then start, end and name of each: shape (N, 1 + 3 S)."""
        spans = column.combine_chunks()
        counts = lengths_of(spans)
        targets = np.zeros((len(counts), 1 + 3 * int(counts.max(initial=0))), dtype=np.int64)
        targets[:, 0] = counts
        rows = np.repeat(np.arange(len(counts)), counts)
        at = 1 + 3 * (np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts))
        inner = spans.flatten()
        for place, name in enumerate(("start", "end")):
            targets[rows, at + place] = inner.field(name).to_numpy()
        targets[rows, at + 2] = codes_of(inner.field("label"), labels)
        return targets

    def said(self, target: Any, labels: Labels) -> list[dict[str, Any]]:
        """Start, end and label of each."""
        spans = np.asarray(target[1 : 1 + 3 * int(target[0])]).reshape(-1, 3).tolist()
        return [{"start": start, "end": end, "label": labels.names[code]} for start, end, code in spans]

    def borne(self, column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """The label of every span."""
        return pc.struct_field(pc.list_flatten(column), "label")

    def text(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Start, end and label of each, joined."""
        spans = column.combine_chunks()
        inner = spans.flatten()
        parts = [pc.cast(inner.field(name), pa.string()) for name in ("start", "end", "label")]
        joined = pc.binary_join_element_wise(*parts, pa.scalar("\x1e"))
        ends = np.concatenate(([0], np.cumsum(lengths_of(spans)))).astype(np.int32)
        lists = pa.ListArray.from_arrays(pa.array(ends), joined)
        return pa.chunked_array([pc.binary_join(lists, "\x1f").cast(pa.large_string())])

    def strata(self, column: pa.ChunkedArray, labels: Labels) -> NDArray[np.int64]:
        """The rarest name of a row's spans; one more than there are for a row without any."""
        rows, codes = self._places(column, labels)
        return rarest(rows, codes, (len(column), len(labels.names)))

    def _places(self, column: pa.ChunkedArray, labels: Labels) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and name of each span."""
        spans = column.combine_chunks()
        return np.repeat(np.arange(len(spans)), lengths_of(spans)), codes_of(self.borne(spans), labels)

    def length_link(self, logs: NDArray[np.float64], column: pa.ChunkedArray, labels: Labels) -> float:
        """The correlation ratio eta² of the name for which it is largest."""
        rows, codes = self._places(column, labels)
        found = []
        for code in np.unique(codes):
            has = np.zeros(len(column), dtype=np.int64)
            has[rows[codes == code]] = 1
            found.append(eta_squared(logs, has))
        return max(found, default=0.0)

    def vote(self, cell: str, data: DataRef) -> frozenset[Place]:
        """The spans that an annotator marked."""
        return frozenset((one["start"], one["end"], known_name(one["label"], data)) for one in json.loads(cell))

    def nearness(self, vote: frozenset[Place], target: Any, labels: Labels) -> float:
        """F1 of the exact spans, 1 where neither has any."""
        truth = {(one["start"], one["end"], one["label"]) for one in self.said(target, labels)}
        both = len(truth) + len(vote)
        return 2 * len(truth & vote) / both if both else 1.0

    def agreed(self, first: pa.ChunkedArray, second: pa.ChunkedArray) -> tuple[float, float]:
        """Twice the spans that two annotators both marked, and all that either did: their F1 is the quotient."""
        same = both = 0
        for one, other in zip(first.to_pylist(), second.to_pylist(), strict=True):
            if one is not None and other is not None:
                marked = [{(mark["start"], mark["end"], mark["label"]) for mark in marks} for marks in (one, other)]
                same += 2 * len(marked[0] & marked[1])
                both += len(marked[0]) + len(marked[1])
        return float(same), float(both)

    def figures(self, rows: pa.Table, labels: Labels) -> dict[str, Any]:
        """Spans a row, their share of the characters, their lengths, texts that bear several names."""
        spans = rows["label"].combine_chunks()
        counts, inner = lengths_of(spans), spans.flatten()
        lengths = inner.field("end").to_numpy() - inner.field("start").to_numpy()
        texts = rows["text"].take(pc.list_parent_indices(spans)).to_pylist()
        starts, ends = inner.field("start").to_pylist(), inner.field("end").to_pylist()
        names: dict[str, Counter[str]] = {}
        for text, start, end, name in zip(texts, starts, ends, inner.field("label").to_pylist(), strict=True):
            names.setdefault(text[start:end], Counter())[name] += 1
        mixed = sorted((item for item in names.items() if len(item[1]) > 1), key=lambda item: -item[1].total())
        characters = int(pc.sum(pc.utf8_length(rows["text"])).as_py() or 0)
        return {
            "marked": {
                "rows": int((counts > 0).sum()),
                "per_row": quantiles(counts),
                "characters": quantiles(lengths.astype(np.int64)),
                "share": round(float(lengths.sum()) / characters, 4) if characters else 0.0,
                "mixed": {text: dict(found.most_common()) for text, found in mixed[:_MIXED]},
                "mixed_texts": len(mixed),
            }
        }

    def doubts(self, stats: dict[str, Any]) -> list[dict[str, Any]]:
        """Of texts without spans, and of spans of one text under several names."""
        spans, found = stats["marked"], []
        bare = sum(stats["rows"].values()) - spans["rows"]
        if bare > sum(stats["rows"].values()) / 2:
            found.append(warning("spans_few", count=bare))
        if spans["mixed_texts"]:
            shown = "; ".join(
                f"{text!r} ({', '.join(f'{name} {count}' for name, count in names.items())})"
                for text, names in spans["mixed"].items()
            )
            found.append(warning("spans_mixed", count=spans["mixed_texts"], examples=shown))
        return found


def _apart(spans: pa.ListArray, overlaps: str) -> tuple[pa.ListArray, NDArray[np.int64], NDArray[np.int64]]:
    """Spans of which none overlaps another, rows in which one stood twice, and rows in which others overlapped: null
    where that is refused.

    Files are read without such, but cleaning makes some: two places in an address become the one that stands for it.
    """
    inner, rows = spans.flatten(), np.repeat(np.arange(len(spans)), lengths_of(spans))
    starts, ends = (inner.field(name).to_numpy() for name in ("start", "end"))
    order = np.lexsort((ends, starts, rows))
    rows, starts, ends = rows[order], starts[order], ends[order]
    touched = np.unique(rows[1:][(rows[1:] == rows[:-1]) & (starts[1:] < ends[:-1])]).astype(np.int64)
    if not len(touched):
        return spans, touched, touched
    twice, crossed, put = [], [], []
    for row, cell in zip(touched.tolist(), spans.take(pa.array(touched)).to_pylist(), strict=True):
        marks = sorted({MarkedSpan(**one) for one in cell})
        kept = flattened(marks, longest=overlaps == "longest")
        twice += [row] if len(marks) < len(cell) else []
        crossed += [row] if len(kept) < len(marks) else []
        refused = overlaps == "refuse" and len(kept) < len(marks)
        put.append(None if refused else [{"start": one.start, "end": one.end, "label": one.label} for one in kept])
    places = np.arange(len(spans))
    places[touched] = len(spans) + np.arange(len(touched))
    both = pa.concat_arrays([spans, pa.array(put, spans.type)])
    return both.take(pa.array(places)), np.array(twice, np.int64), np.array(crossed, np.int64)


def _overlap(spans: pa.ListArray, rows: NDArray[np.int64], column: str | None) -> DataError:
    """The refusal of spans that overlap in these rows, with all of the first."""
    row = int(rows[0])
    value = " / ".join("{start}–{end} {label}".format(**one) for one in spans[row].as_py())
    key = column or "label"
    return DataError("data.span_overlap", key=key, value=value, row=row + 1, count=len(rows), key_option="overlaps")


def _named(spans: pa.ListArray, names: pa.Array) -> pa.ListArray:
    """The spans with other names, one for each."""
    inner = spans.flatten()
    parts = (inner.field("start").to_numpy(), inner.field("end").to_numpy())
    return spans_of(lengths_of(spans), parts, names, spans.is_null())


__all__ = ["SpanKind"]
