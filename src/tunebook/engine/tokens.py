"""Tokenise rows once: the tokens are kept by the content of all that they depend on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from tunebook.core.encoded import Encoded, join, load_encoded
from tunebook.core.files import content_id, lines_id
from tunebook.core.progress import Progress, Silent
from tunebook.core.task import Rows, Task
from tunebook.nets.candidates import TAUGHT

_CHUNK = 20_000
_DECIDES = '"added_tokens":'  # within a string its quotes would be escaped
_FORM = 4  # of the files: tokens of another one are made anew


def encode(
    rows: Rows,
    task: Task,
    tokenizer: Any,
    max_length: int,
    *,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Encoded:
    """Tokens and targets of the rows, the tokens from the cache where they are there.

    Args:
        cache: folder for tokens; None keeps none. The key is the rows' texts and words, the tokenizer, the task and the
            length, so a changed text or tokenizer never meets old tokens.
    """
    if cache is None:
        return _encode(rows, task, tokenizer, max_length, progress or Silent())
    path = cache / f"tokens-{_key(rows, task, tokenizer, max_length)}.npz"
    if path.is_file():
        with suppress(OSError, ValueError, KeyError, EOFError, BadZipFile):  # cut off by a crash: made anew
            return load_encoded(path).with_fixed(**_fixed(rows))
    encoded = _encode(rows, task, tokenizer, max_length, progress or Silent())
    with suppress(OSError):  # a book that may only be read, or a full disk, has no cache and works all the same
        cache.mkdir(parents=True, exist_ok=True)
        encoded.save(path, [name for name in encoded.fixed if name not in _fixed(rows)])
    return encoded


def _key(rows: Rows, task: Task, tokenizer: Any, max_length: int) -> str:
    return content_id(
        [rows.texts_id, len(rows), rows.pairs is None, _rules(tokenizer), task.key, max_length, _FORM], 24
    )


def _rules(tokenizer: Any) -> Any:
    """All that decides what a tokenizer makes of a text, but not the length that it was last used with."""
    sides = [tokenizer.truncation_side, list(tokenizer.model_input_names)]
    if template := getattr(tokenizer, "chat_template", None):
        sides.append(template)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        vocabulary = (f"{token}\t{number}" for token, number in sorted(tokenizer.get_vocab().items()))
        return [lines_id(vocabulary), sides, repr(tokenizer)]
    # Read as JSON, 250,000 tokens took seconds; truncation and padding stand before what decides.
    return [sides, lines_id([backend.to_str().partition(_DECIDES)[2]], 64)]


def _fixed(rows: Rows) -> dict[str, Any]:
    columns = {"labels": rows.targets, "sample_weight": rows.weights, TAUGHT: rows.taught}
    return {name: column for name, column in columns.items() if column is not None}


def _encode(rows: Rows, task: Task, tokenizer: Any, max_length: int, progress: Progress) -> Encoded:
    progress.start("tokenise", len(rows))
    parts = []
    for chunk in _chunks(rows):
        parts.append(task.encode(chunk, tokenizer, max_length))
        progress.advance(len(chunk))
    progress.finish()
    given = _fixed(rows)
    own = [name for name in parts[0].fixed if name not in given]  # such as how many characters are learnt of each
    beside = {name: np.concatenate([part.fixed[name] for part in parts]) for name in own}
    return (join(parts) if len(parts) > 1 else parts[0]).with_fixed(**beside, **given)


def _chunks(rows: Rows) -> Iterator[Rows]:
    for start in range(0, max(len(rows), 1), _CHUNK):
        yield rows.at(slice(start, start + _CHUNK))


__all__ = ["encode"]
