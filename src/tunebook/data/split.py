"""Which rows train, which validate, which test: drawn once from a seed, with rows of the same text on one side.

The draw is a hash of each row's text, mixed with the seed; so rows of the same text are always on one side, and rows
that are added later move no other row within its class by more than the shares ask for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.data.ledger import Numbers
from tunebook.data.workers import each, pieces

Codes = NDArray[np.int64]
Shares = tuple[float, float, float]
TRAIN, VALIDATION, TEST = 0, 1, 2
# Of a training part that brings no validation rows: enough to choose a checkpoint by, without starving training.
VALIDATION_SHARE = 0.15
_LEAST, _MOST = 0.15, 0.20
Keys = NDArray[np.uint64]


def parse_shares(text: str) -> Shares:
    """Shares of train, validation and test, from `7:2:1`, `70/20/10`, `0.8,0.1,0.1` or two parts as `80/20`.

    Raises:
        DataError: `data.split`.
    """
    try:
        parts = [float(part) for part in re.split(r"[:/,]", text)]
    except ValueError:
        parts = []
    if len(parts) not in (2, 3) or any(not 0 < part < float("inf") for part in parts):
        raise DataError("data.split", key="split", value=text, allowed="7:2:1, 0.8/0.1/0.1, 80/20")
    total = sum(parts)
    if len(parts) == 2:
        first = parts[0] / total
        return first * (1 - VALIDATION_SHARE), first * VALIDATION_SHARE, parts[1] / total
    return parts[0] / total, parts[1] / total, parts[2] / total


def shares_of_rest(shares: Shares, has_validation: bool, has_test: bool) -> Shares:
    """Shares in which the training file itself is cut, when validation or test rows came in files of their own.

    A validation split that is missing gets 15 to 20 % of the training file; a test split 10 to 20 %.
    """
    train, validation, test = shares
    if has_validation and has_test:
        return 1.0, 0.0, 0.0
    if has_test:
        share = min(_MOST, max(_LEAST, validation / (train + validation)))
        return 1 - share, share, 0.0
    if has_validation:
        share = min(_MOST, max(0.10, test / (train + test)))
        return 1 - share, 0.0, share
    return shares


def draw(keys: Keys, seed: int) -> Keys:
    """A number for each key, as if drawn at random: SplitMix64 of the key and the seed."""
    with np.errstate(over="ignore"):
        mixed = keys ^ (np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15))
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def split_random(keys: Keys, strata: Codes, shares: Shares, seed: int) -> Codes:
    """Cut each stratum in the shares.

    Args:
        keys: rows of one key stay together, shape (N,).
        strata: class of each row; rows of one key count for the smallest.

    Returns:
        0 train, 1 validation, 2 test, shape (N,). Strata of three keys or more stand in every split that has a share.
    """
    units, inverse = np.unique(keys, return_inverse=True)
    stratum = np.full(len(units), np.iinfo(np.int64).max)
    np.minimum.at(stratum, inverse, strata)
    order = np.argsort(draw(units, seed))  # no two units draw the same
    order = order[np.argsort(stratum[order], kind="stable")]
    stratum = stratum[order]
    starts = np.flatnonzero(np.concatenate(([True], stratum[1:] != stratum[:-1])))
    sizes = np.diff(np.append(starts, len(order)))
    side = np.zeros(len(units), dtype=np.int64)
    owed = np.zeros(3)
    for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
        counts, owed = _counts(size, shares, owed)
        side[order[start : start + size]] = np.repeat((TEST, VALIDATION, TRAIN), counts[::-1])
    return side[inverse]


def _counts(size: int, shares: Shares, owed: NDArray[np.float64]) -> tuple[list[int], NDArray[np.float64]]:
    """Rows of a stratum for each split. What rounding takes is owed to the next stratum, so that totals come out."""
    wish = np.array(shares) * size
    counts = [0, 0, 0]
    for part in (VALIDATION, TEST):
        if shares[part]:
            least = 1 if size >= sum(share > 0 for share in shares) and size > 1 else 0
            counts[part] = max(least, round(float(wish[part] + owed[part])))
    while sum(counts) > max(0, size - 1):
        largest = VALIDATION if counts[VALIDATION] >= counts[TEST] else TEST
        counts[largest] -= 1
    counts[TRAIN] = size - sum(counts)
    debt = wish - np.array(counts) + owed
    return counts, np.clip(debt, -1, 1)


def split_groups(groups: Codes, strata: Codes, shares: Shares, keys: Keys) -> Codes:
    """Whole groups to splits: the largest first, each to the split that lacks most of what the group brings.

    Args:
        groups: group of each row; `keys` a number drawn for each row, which decides ties.

    Raises:
        DataError: `data.groups`, there are fewer groups than splits.
    """
    _, inverse = np.unique(groups, return_inverse=True)
    count = int(inverse.max()) + 1
    wanted = [part for part in (TRAIN, VALIDATION, TEST) if shares[part] > 0]
    if count < len(wanted):
        raise DataError("data.groups", key="group", value=count, allowed=f">= {len(wanted)}")
    _, codes = np.unique(strata, return_inverse=True)
    table = np.zeros((count, int(codes.max()) + 1))
    np.add.at(table, (inverse, codes), 1)
    tie = np.full(count, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(tie, inverse, keys)
    wish = {part: table.sum(axis=0) * shares[part] for part in wanted}
    lacking = dict(wish)
    side = np.zeros(count, dtype=np.int64)
    empty = set(wanted)
    for left, group in zip(range(count, 0, -1), np.lexsort((tie, -table.sum(axis=1))).tolist(), strict=True):
        choice = sorted(empty) if left <= len(empty) else wanted  # the last groups fill the splits that have none
        part = max(choice, key=lambda item: float((table[group] * lacking[item] / wish[item]).sum()))
        side[group] = part
        lacking[part] = lacking[part] - table[group]
        empty.discard(part)
    return side[inverse]


def split_times(times: NDArray[np.int64], shares: Shares) -> Codes:
    """The oldest rows train, the newest test. Rows of one moment stay together, on the older side.

    Args:
        times: moment of each row, shape (N,).
    """
    ordered = np.sort(times)
    side = np.zeros(len(times), dtype=np.int64)
    for part, share in ((VALIDATION, shares[0]), (TEST, shares[0] + shares[1])):
        if shares[part]:
            cut = ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]
            side[times > cut] = part
    return side


@dataclass(frozen=True)
class Repeats:
    """Repeated texts.

    Attributes:
        again: places of rows whose text and label stand in an earlier row too.
        conflicts: places of rows whose text stands elsewhere with another label.
    """

    again: Numbers
    conflicts: Numbers


def text_keys(texts: pa.ChunkedArray, pairs: pa.ChunkedArray | None = None) -> Keys:
    """A 64-bit hash (XXH3) of each text in lower case, with its pair where there is one."""
    if pairs is not None:
        texts = pc.binary_join_element_wise(texts, pairs, pa.scalar("\x1f", pa.large_string()))
    return _keys(texts, lambda piece: _hashes(pc.utf8_lower(piece)))


def hashes(column: pa.ChunkedArray) -> Keys:
    """The XXH3 hash of each string."""
    return _keys(column, _hashes)


def _keys(column: pa.ChunkedArray, work: Callable[[pa.Array], Keys]) -> Keys:
    return np.concatenate([np.zeros(0, dtype=np.uint64), *each(work, pieces(column))])


def _hashes(texts: pa.Array) -> Keys:
    values = texts.cast(pa.large_binary()).to_pylist()
    return np.fromiter(map(xxhash.xxh3_64_intdigest, values), np.uint64, len(values))


def recurring(keys: Keys) -> Numbers:
    """Places of the rows whose key stands in another row too."""
    order = np.argsort(keys)
    same = keys[order][1:] == keys[order][:-1]
    twice = np.zeros(len(keys), dtype=bool)
    twice[1:] |= same
    twice[:-1] |= same
    return np.sort(order[twice])


def find_repeats(keys: Keys, labels: Keys) -> Repeats:
    """Which rows come again. The first row of each text and label is no repeat.

    Args:
        keys: hash of each row's text, shape (N,).
        labels: hash of each row's label, shape (N,).
    """
    order = np.lexsort((np.arange(len(keys)), labels, keys))
    same_text = keys[order][1:] == keys[order][:-1]
    same_label = labels[order][1:] == labels[order][:-1]
    again = order[1:][same_text & same_label]
    groups = np.concatenate(([0], np.cumsum(~same_text))) if len(keys) else np.zeros(0, dtype=np.int64)
    differ = np.zeros(int(groups[-1]) + 1 if len(groups) else 0, dtype=bool)
    differ[groups[1:][same_text & ~same_label]] = True
    return Repeats(np.sort(again), np.sort(order[differ[groups]]))


def found_in(keys: Keys, others: Keys) -> Numbers:
    """Places of the rows whose text is among the others."""
    return np.flatnonzero(np.isin(keys, others)).astype(np.int64)


__all__ = [
    "TEST",
    "TRAIN",
    "VALIDATION",
    "VALIDATION_SHARE",
    "Codes",
    "Keys",
    "Repeats",
    "Shares",
    "draw",
    "find_repeats",
    "found_in",
    "hashes",
    "parse_shares",
    "recurring",
    "shares_of_rest",
    "split_groups",
    "split_random",
    "split_times",
    "text_keys",
]
