"""Attention by layer and head as small pictures inside of the page: a dot a pair of tokens, the stronger the fuller."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from tunebook.core.messages import say
from tunebook.report.svg import element

_COLOUR = (0x4F, 0x6E, 0xE8)  # stands out on a light page and on a dark one; how full it is says the weight
_SIZE = 76  # pixels of a picture on the page
Weights = Sequence[Sequence[float]]


def map_picture(weights: Weights, tokens: Sequence[str], layer: int, head: int) -> Markup:
    """The weights of a head (attending, attended) with a sentence that says its strongest pair.

    Args:
        tokens: of both axes; layer, head: counted from 0.
    """
    told = strongest_pair(weights, tokens, layer, head)
    data = b64encode(png(weights)).decode("ascii")
    return element(
        "img", src=f"data:image/png;base64,{data}", alt=told, title=told, width=_SIZE, height=_SIZE, class_="map"
    )


def strongest_pair(weights: Weights, tokens: Sequence[str], layer: int, head: int) -> str:
    """Which two tokens a head ties most strongly, in a sentence."""
    found = np.asarray(weights)
    one, other = np.unravel_index(int(found.argmax()), found.shape)
    pair = {"one": tokens[int(one)], "other": tokens[int(other)], "weight": f"{found[one, other]:.2f}"}
    return say("explain.map_told", layer=layer + 1, head=head + 1, **pair)


def png(weights: Weights) -> bytes:
    """A picture of one pixel a weight from 0 to 1, of one colour, whose opacity is the root of the weight: weak ones
    can be seen too.

    Source: PNG specification, third edition (W3C 2025), colour type 6.
    """
    found = np.sqrt(np.clip(np.asarray(weights, dtype=np.float64), 0, 1))
    pixels = np.empty((*found.shape, 4), dtype=np.uint8)
    pixels[..., :3] = _COLOUR
    pixels[..., 3] = np.round(255 * found)
    lines = b"".join(b"\x00" + line.tobytes() for line in pixels)
    head = struct.pack(">IIBBBBB", found.shape[1], found.shape[0], 8, 6, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


__all__ = ["map_picture", "png", "strongest_pair"]
