"""Texts as tokens, with the `tokenizers` library alone, the same as in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.answering import Tokens
from tunebook.core.errors import DataError, MachineError
from tunebook.data.cleaning import clean_text, rule_named, without_halves

Feeds = dict[str, NDArray[np.int64]]


class Reader:
    """Cleans and tokenises; nothing of it changes after it was made, so several threads may use it at once.

    Args:
        tokenizer: tokenizer.json; how: `reading` of bundle.json.

    Raises:
        MachineError: the `tokenizers` library is not installed.
    """

    def __init__(self, tokenizer: str, how: Mapping[str, Any]) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MachineError("machine.extra", key="tokenizers", extra="export") from error
        self.how = how
        self.rules: tuple[str, ...] = tuple(rule_named(name).name for name in how["rules"])
        self.cutting, self.whole = Tokenizer.from_str(tokenizer), Tokenizer.from_str(tokenizer)
        for one in (self.cutting, self.whole):
            one.no_padding()
            one.encode_special_tokens = bool(how.get("split_special", False))
        self.cutting.enable_truncation(int(how["max_length"]), strategy="longest_first", direction=how["side"])
        self.whole.no_truncation()
        self.places = Whole(self.whole, how.get("unknown"), typed="token_type_ids" in how["inputs"])

    def clean(self, texts: Sequence[str], key: str = "texts", *, done: bool = False) -> list[str]:
        """Texts as the model's rows were cleaned; as they are where that is done.

        Raises:
            DataError: `bundle.text`, one is no text.
        """
        for place, text in enumerate(texts):
            if not isinstance(text, str):
                raise DataError("bundle.text", key=f"{key}[{place}]", value=text)
        given = [without_halves(text) for text in texts]
        return given if done else [clean_text(text, self.rules) for text in given]

    def tokens(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> list[Tokens]:
        """Clean texts, or pairs of which the longer is cut first, with special tokens, at most `max_length` of them."""
        rows: list[Any] = list(texts) if pairs is None else list(zip(texts, pairs, strict=True))
        unknown = self.how.get("unknown")
        found = []
        for place, row in enumerate(self.cutting.encode_batch(rows)):
            ids = np.array(row.ids, dtype=np.int64)
            found.append(
                Tokens(
                    texts[place],
                    None if pairs is None else pairs[place],
                    ids,
                    types=np.array(row.type_ids, dtype=np.int64) if "token_type_ids" in self.how["inputs"] else None,
                    cut=bool(row.overflowing),
                    unknown=0 if unknown is None else int((ids == unknown).sum()),
                )
            )
        return found

    def batch(self, rows: Sequence[Tokens]) -> Feeds:
        """Rows of one line of tokens each as the inputs of a forward pass."""
        types = [row.types for row in rows if row.types is not None]
        return self.padded([row.ids for row in rows], types or None)

    def padded(self, lines: Sequence[NDArray[np.int64]], types: Sequence[NDArray[np.int64]] | None = None) -> Feeds:
        """Lines of tokens as the inputs of a forward pass, (lines, longest), filled up at their right."""
        longest = max(map(len, lines), default=0)
        ids = np.full((len(lines), longest), int(self.how["pad"]), dtype=np.int64)
        mask, kinds = np.zeros_like(ids), np.zeros_like(ids)
        for place, line in enumerate(lines):
            ids[place, : len(line)], mask[place, : len(line)] = line, 1
            if types is not None:
                kinds[place, : len(line)] = types[place]
        return {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}


class Whole:
    """A tokenizer that cuts nothing and is asked as those of transformers are, for what reads texts in windows.

    Args:
        backend: of the `tokenizers` library; unknown: number of the token for what cannot be read; typed: whether the
            model takes the types of tokens.
    """

    is_fast = True

    def __init__(self, backend: Any, unknown: int | None, *, typed: bool) -> None:
        self._backend, self._typed = backend, typed
        self.unk_token_id = unknown

    def __call__(
        self, texts: str | list[str], pair: str | None = None, *, add_special_tokens: bool = True, **other: bool
    ) -> dict[str, Any]:
        """Token numbers, types and places of a text, of a pair, or of each of several texts.

        Args:
            other: what transformers takes beside, and what changes no token.
        """
        many = isinstance(texts, list)
        rows: list[Any] = list(texts) if many else [texts if pair is None else (texts, pair)]
        read = self._backend.encode_batch(rows, add_special_tokens=add_special_tokens)
        found = {"input_ids": [row.ids for row in read], "offset_mapping": [row.offsets for row in read]}
        if self._typed:
            found["token_type_ids"] = [row.type_ids for row in read]
        return found if many else {name: values[0] for name, values in found.items()}

    def convert_tokens_to_ids(self, token: str) -> int | None:
        """The number of a token; that of unknown ones where there is no such."""
        found = self._backend.token_to_id(token)
        return self.unk_token_id if found is None else int(found)


__all__ = ["Feeds", "Reader", "Whole"]
