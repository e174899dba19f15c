"""The head that a base model brings along, and which of its rows a training takes up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from tunebook.core.nouns import HeadStart, Labels
from tunebook.models.files import pickled, weight_files
from tunebook.models.source import read_config

if TYPE_CHECKING:
    from torch import Tensor

_PLACEHOLDER = re.compile(r"LABEL_\d+")  # what transformers writes where nobody named the classes


def matched(config: Mapping[str, Any], outputs: int, labels: Labels) -> HeadStart:
    """Which rows of a base model's head belong to the labels of a book.

    Rows are matched by the names of their classes, whatever their order. Placeholders such as LABEL_0 are no names,
    unless the book's own classes are called so. A head without names goes on as it is where the labels have none either
    and as many outputs: one for a number, two for the ends of a place.

    Args:
        config: of the base model; outputs: of its head.
    """
    names = own_names(config, outputs)
    if not labels.names or labels.kind.link == "identity":
        number = outputs == labels.outputs and not names and config.get("problem_type") in (None, "regression")
        return HeadStart(own=names, number=number)
    known = names or own_names(config, outputs, placeholders=set(labels.names))
    rows = {name: row for row, name in reversed(list(enumerate(known)))}
    return HeadStart(own=known, rows={name: rows[name] for name in labels.names if name in rows})


def covers(head: HeadStart | None, labels: Labels) -> bool:
    """Whether a training takes up a head of which no part starts fresh."""
    return head is not None and (head.number or (bool(labels.names) and len(head.rows) == labels.outputs))


def first_answers(labels: Labels) -> list[float]:
    """What a fresh head is to answer before it is trained, output by output; empty where nothing is known of that."""
    return labels.start or ([(len(labels.names) - 1) / 2] if labels.kind.classes == "ordered" else [])


def own_names(config: Mapping[str, Any], outputs: int, *, placeholders: Set[str] = frozenset()) -> list[str]:
    """Names of the classes of a head, in the order of its outputs; empty where it has none.

    Args:
        placeholders: names that may look like placeholders, if all of the head's are among them.
    """
    said = config.get("id2label")
    try:
        found = {int(number): str(name) for number, name in dict(said or {}).items()}
        names = [found[number] for number in range(outputs)]
    except (KeyError, TypeError, ValueError):  # fewer of them than outputs, or no map of numbers
        return []
    unnamed = all(_PLACEHOLDER.fullmatch(name) for name in names)
    return [] if unnamed and not placeholders >= set(names) else names


def stored_shape(folder: Path, config: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """Shape of a weight in the files of a model; empty where they have none of that name, or cannot be read, which is
    told when they are loaded."""
    from safetensors import SafetensorError

    try:
        return next(_shapes(folder, config, name), ())
    except (OSError, RuntimeError, ValueError, EOFError, UnpicklingError, SafetensorError):
        return ()


def stored_weight(folder: Path, config: Mapping[str, Any], name: str) -> Tensor | None:
    """A weight as it lies in the files of a model; None where they have none of that name."""
    from safetensors import safe_open

    for file in weight_files(folder, config):
        if pickled([file]):
            found = _pickled(folder / file, "cpu")
            if name in found:
                return found[name]
            continue
        with safe_open(folder / file, "pt") as stored:
            if name in stored.keys():  # noqa: SIM118 - no mapping
                weight: Tensor = stored.get_tensor(name)
                return weight
    return None


def lacks_pooler(folder: Path) -> bool:
    """Whether a BERT comes without the pooler that its classifiers read through; of pickled weights, and of files that
    cannot be read, it is not known."""
    from safetensors import SafetensorError, safe_open

    files = weight_files(folder, read_config(folder))
    names: list[str] = []
    try:
        for file in files:
            with safe_open(folder / file, "numpy") as stored:
                names += stored.keys()
    except (OSError, SafetensorError):
        return False
    return bool(names) and not any(name.endswith("pooler.dense.weight") for name in names)


def _shapes(folder: Path, config: Mapping[str, Any], name: str) -> Iterator[tuple[int, ...]]:
    """The shape of a weight, without its values and, where it is not pickled, without torch."""
    from safetensors import safe_open

    for file in weight_files(folder, config):
        if pickled([file]):
            found = _pickled(folder / file, "meta")
            yield from (tuple(found[known].shape) for known in found if known == name)
            continue
        with safe_open(folder / file, "numpy") as stored:
            if name in stored.keys():  # noqa: SIM118 - no mapping
                yield tuple(stored.get_slice(name).get_shape())


def _pickled(path: Path, where: str) -> dict[str, Tensor]:
    import torch

    return dict(torch.load(path, map_location=where, weights_only=True))


def own_head(name: str, folder: Path, labels: Labels) -> HeadStart | None:
    """What becomes of the head that a base model has in its files; None where it has none.

    Args:
        name: of its last linear map in a model for these labels.
    """
    config = read_config(folder)
    shape = stored_shape(folder, config, f"{name}.weight")
    return matched(config, shape[0], labels) if shape else None


__all__ = [
    "covers", "first_answers", "lacks_pooler", "matched", "own_head", "own_names", "stored_shape", "stored_weight",
]  # fmt: skip
