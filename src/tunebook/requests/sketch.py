"""What a text is like in 128 numbers, so that drift can be tested where no text is kept.

The counts of its character n-grams (1 to 4, dampened), projected by random signs: each n-gram has 128 signs, the bits
of its hash, and the sketch is the sum of these, of length one. The cosine of two sketches is near that of the counts,
with an error of about 1 / sqrt(128) (Achlioptas, 2003, doi 10.1016/S0022-0000(03)00025-4). Texts cannot be read from
it, but whoever guesses a short one can tell that the guess is right. The same text gives the same numbers on every
machine, to rounding.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

import numpy as np
import xxhash
from numpy.typing import NDArray

WIDTH = 128
_LONGEST = 2_000  # characters that are looked at
_GRAMS = (1, 2, 3, 4)
_SEED = 20_261_201  # another one is another projection: old sketches could no longer be compared
_SPACE, _DIGIT = re.compile(r"\s+"), re.compile(r"\d")


def sketch(text: str) -> bytes:
    """128 float16, little-endian, of length one; all zero for an empty text. Case, width, spacing and which digits are
    told apart by nothing."""
    text = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold()
    text = _DIGIT.sub("0", _SPACE.sub(" ", text)).strip()
    if not text:
        return bytes(2 * WIDTH)
    padded = f" {text} "
    counts = Counter(padded[at : at + size] for size in _GRAMS for at in range(len(padded) - size + 1))
    hashes = b"".join(xxhash.xxh3_128_digest(gram.encode("utf-8", "replace"), _SEED) for gram in counts)
    bits = np.unpackbits(np.frombuffer(hashes, np.uint8).reshape(-1, WIDTH // 8), axis=1)
    weights = np.log1p(np.fromiter(counts.values(), np.float64, len(counts)))
    summed = 2.0 * (weights @ bits) - weights.sum()
    made: bytes = (summed / max(float(np.linalg.norm(summed)), 1e-12)).astype("<f2").tobytes()
    return made


def vectors(sketches: Iterable[bytes | None]) -> NDArray[np.float32]:
    """Sketches of a column as rows, shape (n, 128); what is none is all zero."""
    whole = b"".join(item or bytes(2 * WIDTH) for item in sketches)
    return np.frombuffer(whole, "<f2").reshape(-1, WIDTH).astype(np.float32)


def language(text: str) -> str:
    """The language of one text as `data` tells it: `en`, `zh`, `mixed` or `other`."""
    from tunebook.data.describe import guess_language

    return guess_language([text])[0]


__all__ = ["WIDTH", "language", "sketch", "vectors"]
