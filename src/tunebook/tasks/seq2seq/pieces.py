"""A source and its target as tokens: what the encoder reads, what the decoder is shown, what it is to say.

A row's line of tokens is its source and then its target; `labels` tell which are which. So rows of like length stand
together, and a row is still one line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from tunebook.core.answers import Rows
from tunebook.core.batch import Batch
from tunebook.core.encoded import Encoded, pack
from tunebook.core.errors import ModelError
from tunebook.nets.masking import IGNORED
from tunebook.tasks.seq2seq.rows import LAST, Seq2seqRows
from tunebook.tasks.writing.texts import characters_read
from tunebook.tasks.writing.tokens import WIDE

_WIDE = re.compile(f"[{WIDE}]")
DECODER, CUT = "decoder_input_ids", "seq2seq.cut"
CHARACTERS = "seq2seq.characters"  # of what is learnt of each row


def how_of(own: Seq2seqRows) -> tuple[str, ...]:
    """What decides how rows are made into tokens."""
    return (own.model_dump_json(),)


def own_of(rows: Rows) -> Seq2seqRows:
    """The same read again; the defaults where nobody has said anything."""
    return Seq2seqRows.model_validate_json(rows.how[0]) if rows.how else Seq2seqRows()


def prefixed(text: str, own: Seq2seqRows) -> str:
    """A source behind what stands in front of each."""
    front = own.prefix or ""
    between = "" if not front or _WIDE.match(front[-1]) else " "  # cells of tables have no blanks at their ends
    return f"{front}{between}{text}"


def sources(rows: Rows, tokenizer: Any, max_length: int, own: Seq2seqRows) -> list[list[int]]:
    """Tokens of each source, with what is put in front of it; at least one."""
    texts = [prefixed(text, own) for text in rows.texts]
    read = tokenizer(texts, truncation=True, max_length=max_length, verbose=False)["input_ids"]
    return [list(ids) or [end_of(tokenizer)] for ids in read]


def targets(texts: Sequence[str], tokenizer: Any, own: Seq2seqRows) -> tuple[list[list[int]], list[int]]:
    """Tokens of each target with the one that ends it, and how many a cut one had, 0 of others; it has no end."""
    end, most = end_of(tokenizer), own.target_length
    special = {*tokenizer.all_special_ids, *language_tokens(tokenizer)}
    found, cut = [], []
    for ids in tokenizer(text_target=list(texts), verbose=False)["input_ids"]:
        after = [token for token in _after(ids, special)]
        whole = list(ids) if end in after else [*ids, end]
        cut.append(len(whole) if len(whole) > most else 0)
        if cut[-1]:
            rest = [token for token in after if token != end]
            whole = [*whole[: most - len(rest)], *rest]
        found.append(whole)
    return found, cut


def _after(ids: Sequence[int], special: set[int]) -> list[int]:
    """The special tokens at the end."""
    place = len(ids)
    while place > 1 and ids[place - 1] in special:
        place -= 1
    return list(ids[place:])


def end_of(tokenizer: Any) -> int:
    """The token that ends a target.

    Raises:
        ModelError: `seq2seq.no_end`: the tokenizer has none.
    """
    found = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.sep_token_id
    if found is None:
        raise ModelError("seq2seq.no_end", key="base_model", value=type(tokenizer).__name__)
    return int(found)


def language_tokens(tokenizer: Any) -> dict[int, str]:
    """Token -> code of each language that a tokenizer tells apart; none for most."""
    codes = getattr(tokenizer, "lang_code_to_id", None) or getattr(tokenizer, "lang_code_to_token", None)
    if codes is None:
        known = getattr(tokenizer, "fairseq_language_codes", None) or getattr(tokenizer, "language_codes", None) or ()
        codes = {code: code for code in known} if hasattr(tokenizer, "tgt_lang") else {}
    found = {}
    for code, token in codes.items():
        number = token if isinstance(token, int) else tokenizer.convert_tokens_to_ids(token)
        found[int(number)] = str(code)
    return found


def shown(target: Sequence[int], start: int) -> list[int]:
    """What the decoder is shown of a target: its tokens one place later, behind the one that it begins with."""
    return [target[-1] if start == LAST else start, *target[:-1]]


def encode(rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
    """Tokens of the rows: `input_ids`, and where there are targets `labels`, `decoder_input_ids`, which are cut, and
    CHARACTERS: of a whole target all, else what its tokens stand for."""
    own = own_of(rows)
    read = sources(rows, tokenizer, max_length, own)
    if rows.targets is None:
        return pack({"input_ids": read})
    start = own.decoder_start if own.decoder_start is not None else int(tokenizer.pad_token_id or 0)
    texts = [str(text) for text in rows.targets.tolist()]
    said, cut = targets(texts, tokenizer, own)
    pairs = list(zip(read, said, strict=True))
    each = zip(texts, said, cut, strict=True)
    long = [characters_read(tokens, tokenizer) if lost else len(text) for text, tokens, lost in each]
    made = pack(
        {
            "input_ids": [[*one, *two] for one, two in pairs],
            "labels": [[*[IGNORED] * len(one), *two] for one, two in pairs],
            DECODER: [[*[0] * len(one), *shown(two, start)] for one, two in pairs],
            CUT: [[lost] * (len(one) + len(two)) for (one, two), lost in zip(pairs, cut, strict=True)],
        }
    )
    return made.with_fixed(**{CHARACTERS: np.array(long, dtype=np.int64)})


def collate(encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
    """`input_ids` and `attention_mask` of shape (rows, longest source), `labels` and `decoder_input_ids` of shape
    (rows, longest target)."""
    numbers = list(rows)
    starts, ends = encoded.offsets[numbers], encoded.offsets[[row + 1 for row in numbers]]
    labels = encoded.flat.get("labels")
    of_target = [
        0 if labels is None else int((labels[a:b] != IGNORED).sum()) for a, b in zip(starts, ends, strict=True)
    ]
    middle = ends - np.array(of_target, dtype=np.int64)
    batch: Batch = {"input_ids": _padded(encoded.flat["input_ids"], starts, middle, pad)}
    lengths = torch.from_numpy(middle - starts)
    batch["attention_mask"] = (torch.arange(batch["input_ids"].shape[1]) < lengths[:, None]).long()
    if labels is not None:
        batch[DECODER] = _padded(encoded.flat[DECODER], middle, ends, pad)
        batch["labels"] = _padded(labels, middle, ends, IGNORED)
    for name, column in encoded.fixed.items():
        if name != "labels":  # the texts
            batch[name] = torch.from_numpy(column[numbers])
    return batch


def _padded(values: Any, starts: Any, ends: Any, fill: int) -> torch.Tensor:
    out = np.full((len(starts), int((ends - starts).max())), fill, dtype=np.int64)
    for line, (start, end) in enumerate(zip(starts, ends, strict=True)):
        out[line, : end - start] = values[start:end]
    return torch.from_numpy(out)


__all__ = [
    "CHARACTERS", "CUT", "DECODER", "collate", "encode", "end_of", "how_of", "language_tokens", "own_of", "prefixed",
    "shown", "sources", "targets",
]  # fmt: skip
