"""Which label says that something is good, and which that it is bad: told by the user, or by what they are called."""

from __future__ import annotations

from collections.abc import Mapping

from tunebook.core.errors import DataError
from tunebook.core.nouns import Labels, Record

SIDES = ("positive", "negative")
_KNOWN = {
    "positive": frozenset({"positive", "pos", "good", "正面", "正向", "积极", "好评", "正", "好"}),
    "negative": frozenset({"negative", "neg", "bad", "负面", "负向", "消极", "差评", "负", "坏", "差"}),
}


class Sentiment(Record):
    """The labels of two opposite sentiments, and their numbers."""

    positive: str
    negative: str

    def number(self, side: str, labels: Labels) -> int:
        """The class of a side."""
        return labels.names.index(getattr(self, side))


def sentiment_of(labels: Labels, given: Mapping[str, str]) -> Sentiment | None:
    """What was told, else what the names of the labels say; None where neither does, or rows have not one class each.

    Args:
        given: `positive` and `negative` -> label.

    Raises:
        DataError: `challenge.sentiment`, another side, an unknown label, only one of the two, or the same one twice.
    """
    for side, label in given.items():
        if side not in SIDES:
            raise DataError("challenge.sentiment", key="--sentiment", value=side, allowed=" | ".join(SIDES))
        if label not in labels.names:
            raise DataError("challenge.sentiment", key=side, value=label, allowed=" | ".join(labels.names[:20]))
    if given and (len(given) < len(SIDES) or len(set(given.values())) < len(SIDES)):
        raise DataError(
            "challenge.sentiment", key="--sentiment", value=", ".join(given), allowed="positive=LABEL negative=LABEL"
        )
    if labels.kind.classes != "one" or labels.kind.link != "softmax":
        return None
    found = dict(given) or {
        side: next((name for name in labels.names if name.casefold() in names), "") for side, names in _KNOWN.items()
    }
    return Sentiment(**found) if all(found.values()) else None


__all__ = ["SIDES", "Sentiment", "sentiment_of"]
