"""Figures of prepared rows, for the data report and for choices that depend on the data; a guess at their language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.messages import say
from tunebook.core.nouns import SPLITS, Labels
from tunebook.data.kind import class_counts, column_kind
from tunebook.data.names import known

_SAMPLE = 5000
_SMALL_CLASS = 10
_SMALL_SPLIT = 50
_IMBALANCE = 20.0
Language = Literal["zh", "en", "mixed", "other"]
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile("[\u3041-\u30ff]")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[A-Za-z']+")
# The commonest English words; texts in other languages with Latin letters hold few of them.
_COMMON = (
    "the a an and or of to in is it i you my we was are be for on with that this have has not at as what how do can "
    "but they he she his her from so me your by if just will all"
)
_ENGLISH = frozenset(_COMMON.split())


def describe(rows: pa.Table, labels: Labels, annotators: Sequence[str] = ()) -> dict[str, Any]:
    """Rows, lengths in characters, class counts, language, balance, agreement and the link of length to label.

    Args:
        rows: prepared rows: columns `_split`, `text`, `label`, perhaps `pair`, and the annotators' columns.
    """
    lengths = pc.utf8_length(rows["text"]).to_numpy().astype(np.int64)
    if "pair" in rows.column_names:
        lengths = lengths + pc.utf8_length(rows["pair"]).to_numpy()
    labelled = rows.select(["_split", "label"])
    parts = {split: labelled.filter(pc.equal(rows["_split"], split)) for split in SPLITS}
    counts = {split: class_counts(part["label"], labels) for split, part in parts.items()}
    texts = rows["text"].take(pa.array(np.linspace(0, len(lengths) - 1, min(_SAMPLE, len(lengths))).astype(np.int64)))
    language, han = guess_language(texts.to_pylist())
    train = parts["train"]
    return {
        "rows": {split: part.num_rows for split, part in parts.items()},
        "characters": quantiles(lengths),
        "classes": counts,
        "imbalance": _imbalance(counts["train"]),
        "language": language,
        "han_share": round(han, 4),
        "length_label_link": length_label_link(
            lengths[pc.equal(rows["_split"], "train").to_numpy()], train["label"], labels
        ),
        **({"agreement": agreement(rows, annotators, labels)} if len(annotators) > 1 else {}),
        **column_kind(labels.problem).figures(rows, labels),
    }


def quantiles(lengths: NDArray[np.int64]) -> dict[str, float]:
    """Mean, median, 95th and 99th percentile and maximum."""
    p50, p95, p99 = np.percentile(lengths, (50, 95, 99))
    return {
        "mean": round(float(lengths.mean()), 2),
        "p50": float(p50),
        "p95": float(p95),
        "p99": float(p99),
        "max": float(lengths.max()),
    }


def _imbalance(counts: dict[str, int]) -> float | None:
    """Rows of the largest class over rows of the smallest that has any."""
    filled = [count for count in counts.values() if count]
    return round(max(filled) / min(filled), 2) if filled else None


def length_label_link(lengths: NDArray[np.int64], column: pa.ChunkedArray, labels: Labels) -> float:
    """How much the length of a text alone tells of its label, from 0 to 1, as the kind of labels measures it."""
    if len(lengths) < 2 or lengths.min() == lengths.max():
        return 0.0
    logs = np.log1p(lengths.astype(np.float64))
    return column_kind(labels.problem).length_link(logs, column, labels)


def eta_squared(values: NDArray[np.float64], codes: NDArray[np.int64]) -> float:
    """Correlation ratio eta² of values (N,) and classes (N,): the share of their variance that lies between classes."""
    counts = np.bincount(codes)
    sums = np.bincount(codes, weights=values)
    used = counts > 0
    between = float((sums[used] ** 2 / counts[used]).sum() - values.sum() ** 2 / len(values))
    total = float(((values - values.mean()) ** 2).sum())
    return round(min(1.0, max(0.0, between / total)), 4)


def rank_link(values: NDArray[np.float64], targets: NDArray[np.float64]) -> float:
    """Squared rank correlation (Spearman) of values (N,) and numbers (N,)."""
    from scipy.stats import spearmanr

    if targets.min() == targets.max():
        return 0.0
    return round(float(spearmanr(values, targets).statistic) ** 2, 4)


def agreement(rows: pa.Table, annotators: Sequence[str], labels: Labels) -> float | None:
    """How much annotators said alike, two by two over all rows that both answered, as the kind of labels counts it."""
    kind = column_kind(labels.problem)
    found = [kind.agreed(rows[first], rows[second]) for first, second in combinations(annotators, 2)]
    most = sum(pairs for _, pairs in found)
    return round(sum(same for same, _ in found) / most, 4) if most else None


def warning(code: str, **fields: Any) -> dict[str, Any]:
    """A warning for the stats: its code, its words, and what the words were filled with."""
    found = {"code": code, "fields": fields}
    return {"code": code, "message": warning_text(found), "fields": fields}


def warning_text(found: dict[str, Any] | str) -> str:
    """A warning of the stats in the user's language, whatever it was when it was written down.

    One that a newer or another package wrote, and so is not in the catalogue as it stands, keeps its words.

    Raises:
        KeyError: the catalogue has no such warning, and `found` no words of its own.
    """
    if isinstance(found, str):
        return found
    fields = dict(found.get("fields") or {})
    for name, words in (("split", "split"), ("reason", "ledger")):
        if name in fields:
            fields[name] = say(f"{words}.{fields[name]}")
    try:
        return say(f"data.warning.{found['code']}", **fields)
    except KeyError:
        return str(found["message"])


def find_warnings(stats: dict[str, Any]) -> list[dict[str, Any]]:
    """What the figures warn of: small or missing classes, classes that are not scored, imbalance, small splits."""
    found = []
    counts, what = stats["classes"], "type" if "marked" in stats else "class"
    small = [name for name, count in counts["train"].items() if 0 < count < _SMALL_CLASS]
    missing = [name for name, count in counts["train"].items() if not count]
    if small:
        found.append(warning(f"{what}_small", classes=_some(small), count=len(small), limit=_SMALL_CLASS))
    if missing:
        found.append(warning(f"{what}_missing", classes=_some(missing), count=len(missing)))
    for split in ("validation", "test"):
        unseen = [name for name, count in counts.get(split, {}).items() if not count and counts["train"].get(name)]
        if unseen and stats["rows"][split]:
            found.append(warning(f"{what}_unseen", split=split, classes=_some(unseen), count=len(unseen)))
    alone = [name for name in counts["train"] if sum(part.get(name, 0) for part in counts.values()) == 1]
    if odd := [name for name in alone if known(name)]:
        found.append(warning("class_like_heading", classes=_some(odd)))
    if (stats["imbalance"] or 1) > _IMBALANCE:
        found.append(warning("type_imbalance" if "marked" in stats else "imbalance", ratio=stats["imbalance"]))
    for split in ("validation", "test"):
        if stats["rows"][split] < _SMALL_SPLIT:
            found.append(warning("split_small", split=split, rows=stats["rows"][split]))
    return found


def _some(names: Sequence[str], limit: int = 8) -> str:
    return ", ".join(names[:limit]) + (" …" if len(names) > limit else "")


def guess_language(texts: Sequence[str]) -> tuple[Language, float]:
    """The language of most texts, and the share of Han characters among all letters.

    `mixed` when between 10 and 80 % of the texts are Chinese; Japanese counts as `other`.
    """
    letters = [len(_LETTER.findall(text)) for text in texts]
    han = [len(_HAN.findall(text)) for text in texts]
    share = sum(han) / max(1, sum(letters))
    with_letters = sum(1 for count in letters if count)
    chinese = sum(1 for count, all_ in zip(han, letters, strict=True) if all_ and count >= 0.3 * all_)
    chinese_share = chinese / max(1, with_letters)
    kana = sum(len(_KANA.findall(text)) for text in texts)
    if kana > 0.1 * max(1, sum(letters)):
        return "other", share
    if chinese_share >= 0.8:
        return "zh", share
    if chinese_share > 0.1:
        return "mixed", share
    words = [word.lower() for text in texts for word in _WORD.findall(text)]
    english = sum(1 for word in words if word in _ENGLISH)
    return ("en" if words and english >= 0.12 * len(words) else "other"), share


__all__ = [
    "Language",
    "agreement",
    "describe",
    "eta_squared",
    "find_warnings",
    "guess_language",
    "length_label_link",
    "quantiles",
    "rank_link",
    "warning",
    "warning_text",
]
