"""The head that a base model brings along, and which of its rows a training takes up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from tunebook.core.nouns import HeadStart, Labels
from tunebook.models.weights import pickled, weight_files

if TYPE_CHECKING:
    from torch import Tensor

_PLACEHOLDER = re.compile(r"LABEL_\d+")  # what transformers writes where nobody named the classes


def matched(config: Mapping[str, Any], outputs: int, labels: Labels) -> HeadStart:
    """Which rows of a base model's head belong to the labels of a book.

    Rows are matched by the names of their classes, whatever their order. Placeholders such as LABEL_0 are no names,
    unless the book's own classes are called so. A head of one number without a name goes on as it is.

    Args:
        config: of the base model; outputs: of its head.
    """
    names = own_names(config, outputs)
    if not labels.names or labels.problem == "ordinal":
        number = outputs == 1 and not names and config.get("problem_type") in (None, "regression")
        return HeadStart(own=names, number=number)
    known = names or own_names(config, outputs, placeholders=set(labels.names))
    rows = {name: row for row, name in reversed(list(enumerate(known)))}
    return HeadStart(own=known, rows={name: rows[name] for name in labels.names if name in rows})


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
        return next((shape for shape, _ in _stored(folder, config, name, only_shape=True)), ())
    except (OSError, RuntimeError, ValueError, EOFError, UnpicklingError, SafetensorError):
        return ()


def stored_weight(folder: Path, config: Mapping[str, Any], name: str) -> Tensor | None:
    """A weight as it lies in the files of a model; None where they have none of that name."""
    return next((item for _, item in _stored(folder, config, name)), None)


def _stored(
    folder: Path, config: Mapping[str, Any], name: str, *, only_shape: bool = False
) -> Iterator[tuple[tuple[int, ...], Tensor]]:
    """The weight of a name with its shape, from the file that has it; for its shape alone nothing is read of it."""
    import torch
    from safetensors import safe_open

    for file in weight_files(folder, config):
        if pickled([file]):
            where = "meta" if only_shape else "cpu"
            found = torch.load(folder / file, map_location=where, weights_only=True)
            if name in found:
                yield tuple(found[name].shape), found[name]
            continue
        with safe_open(folder / file, "pt") as stored:
            if name in stored.keys():  # noqa: SIM118 - no mapping
                shape = tuple(stored.get_slice(name).get_shape())
                yield shape, torch.empty(0) if only_shape else stored.get_tensor(name)


__all__ = ["matched", "own_names", "stored_shape", "stored_weight"]
