"""Answers of a model to rows in a file: known by the texts and the model, and asked for anew where it is damaged."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from tunebook.core.answers import Answers, fits
from tunebook.core.files import part_of
from tunebook.core.hashing import content_id
from tunebook.core.rows import Rows

_CUT = (ValueError, LookupError, EOFError, BadZipFile, zlib.error, NotImplementedError)  # of damaged files


def kept_answers(at: Path, rows: Rows, model: str = "") -> Answers | None:
    """What was answered before to these very texts by this very model, shape (N, k); None where nothing was, or it is
    damaged.

    Args:
        at: the file.
        model: hash of all that the answers depend on beside the rows; empty where that is not known any more.
    """
    if not at.is_file():
        return None
    with suppress(OSError, *_CUT), at.open("rb") as stream:
        stored = np.load(stream)
        older = "rows" not in stored  # answers of older versions are known by texts and targets, whatever the model
        told = stored["key"] if older else stored["rows"]
        same = str(told) == (rows_id(rows) if older else rows.texts_id)
        if same and (older or not model or str(stored["model"]) in ("", model)):
            answers = np.asarray(stored["logits"])
            return answers if fits(answers, len(rows), rows.targets if older else None) else None
    return None


def answered(at: Path, rows: Rows, ask: Callable[[], Answers], model: str = "") -> Answers:
    """The same, asked for where it is not kept, and then kept.

    Args:
        ask: runs the model over the rows.
    """
    known = kept_answers(at, rows, model)
    if known is not None:
        return known
    found = ask()
    if os.access(next(folder for folder in at.parents if folder.exists()), os.W_OK):  # a book may only be read
        with part_of(at) as part, part.open("wb") as stream:
            told = {"rows": np.array(rows.texts_id), "model": np.array(model)}
            np.savez_compressed(stream, allow_pickle=False, logits=found, **told)
    return found


def rows_id(rows: Rows) -> str:
    """Hash of the texts and the targets of labelled rows."""
    targets = np.ascontiguousarray(rows.targets)
    return content_id([rows.texts_id, targets.shape, targets.tolist()], 24)


__all__ = ["answered", "kept_answers", "rows_id"]
