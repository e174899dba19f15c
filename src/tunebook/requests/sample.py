"""Which requests are kept, where not all of them are."""

from __future__ import annotations

from hashlib import blake2b


def sampled(request: str, share: float) -> bool:
    """Whether a request is among this share of all: told by its id alone, so that every server, and whoever looks
    later, says the same; a request of a smaller share is in every larger one."""
    drawn = int.from_bytes(blake2b(request.encode("utf-8", "replace"), digest_size=8, person=b"sample").digest(), "big")
    return drawn < share * 2.0**64


__all__ = ["sampled"]
