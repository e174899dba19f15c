"""Texts from templates: sentences with slots, each of which asks for one thing that a model must be able to do.

Source: minimum functionality tests of CheckList, Ribeiro et al., Beyond accuracy, ACL 2020.
"""

from __future__ import annotations

import itertools
import math
import random
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, ValidationError

from tunebook.challenge.sentiment import SIDES, Sentiment
from tunebook.core.answers import Rows
from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef, Labels, Record
from tunebook.data.cleaning import clean_text

_SLOT = re.compile(r"\{(\w+)\}")
_MOST = 60  # texts of a capability
_ALL = 10_000  # texts of one template, of which some are drawn


class Template(Record):
    """A sentence with slots in braces, the label that is right of each text made of it, and what it asks for.

    Attributes:
        label: a label of the book, or `positive` and `negative` for those that say so.
    """

    text: str
    label: str
    capability: str


class Templates(Record):
    """Templates with what may stand in their slots: name -> words."""

    template: list[Template]
    slots: dict[str, list[str]] = Field(default_factory=dict)


def read_templates(path: Path) -> Templates:
    """Templates of a TOML file: `[[template]]` with `text`, `label`, `capability`, and `[slots]` with lists of words.

    Raises:
        DataError: `challenge.templates`: it cannot be read, holds something else, or a slot has no words.
    """
    try:
        found = Templates(**tomllib.loads(path.read_text(encoding="utf-8")))
        lacking = [name for one in found.template for name in _SLOT.findall(one.text) if not found.slots.get(name)]
    except (OSError, ValueError, TypeError) as error:  # ValidationError is a ValueError
        told = str(error).splitlines()[0]
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            told = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise DataError("challenge.templates", key=str(path), reason=told) from error
    if lacking or not found.template:
        reason = f"slots.{lacking[0]}" if lacking else "[[template]]"
        raise DataError("challenge.templates", key=str(path), reason=reason)
    return found


def expanded(found: Templates, data: DataRef, sides: Sentiment | None, seed: int) -> dict[str, Rows]:
    """Capability -> rows, at most 60, drawn with the seed from all that its templates make; none twice.

    Raises:
        DataError: `challenge.template_label`, a label that the book has not, or a sentiment that nobody told.
            `challenge.template_task`, rows of the book have not one class each.
    """
    labels = data.labels
    if labels.kind.classes != "one" or data.roles.text_pair is not None:
        raise DataError("challenge.template_task", key="--templates", value=data.task)
    rules = tuple(data.stats["cleaning"]["rules"])
    of_each: dict[str, dict[str, int]] = {}
    for one in found.template:
        code = _code(one.label, labels, sides)
        texts = of_each.setdefault(one.capability, {})
        texts |= dict.fromkeys((clean_text(text, rules) for text in filled(one.text, found.slots)), code)
    return {name: _rows(texts, seed, name) for name, texts in of_each.items()}


def filled(text: str, slots: Mapping[str, Sequence[str]]) -> list[str]:
    """All texts that a template makes, of very many so many as are drawn of them; a slot that stands twice holds the
    same words."""
    names = list(dict.fromkeys(_SLOT.findall(text)))
    words = [slots[name] for name in names]
    count = math.prod(map(len, words))
    if count <= _ALL:
        chosen: Iterable[tuple[str, ...]] = itertools.product(*words)
    else:  # millions are not made to throw all but a few away
        draw = random.Random(text)
        chosen = (tuple(draw.choice(some) for some in words) for _ in range(_ALL))
    return list(dict.fromkeys(_said(text, dict(zip(names, one, strict=True))) for one in chosen))


def _said(text: str, words: Mapping[str, str]) -> str:
    return _SLOT.sub(lambda slot: words[slot[1]], text)


def _code(label: str, labels: Labels, sides: Sentiment | None) -> int:
    if label in labels.names:
        return labels.names.index(label)
    if label in SIDES and sides is not None:
        return sides.number(label, labels)
    raise DataError("challenge.template_label", key="label", value=label, allowed=" | ".join(labels.names[:20]))


def _rows(texts: Mapping[str, int], seed: int, name: str) -> Rows:
    chosen = list(texts.items())
    if len(chosen) > _MOST:
        chosen = random.Random(f"{seed}/{name}").sample(chosen, _MOST)
    made: Any = np.array([code for _, code in chosen], dtype=np.int64)
    return Rows([text for text, _ in chosen], None, made, [f"{name}-{number}" for number in range(len(chosen))])


__all__ = ["Template", "Templates", "expanded", "filled", "read_templates"]
