"""From rows and a loaded model to explanations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tunebook.bundle.calibrated import Calibrated
from tunebook.core.answers import Rows
from tunebook.core.batch import model_inputs
from tunebook.core.errors import DataError
from tunebook.core.explains import PAIR, PASSAGE, TEXT, Aim, Explains, Using, text_of
from tunebook.core.progress import Progress, Silent
from tunebook.explain.answered import answered
from tunebook.explain.line import Line
from tunebook.explain.method import DEFAULT, Found, method_of
from tunebook.explain.methods.integrated_gradients import near
from tunebook.explain.places import NOWHERE, pieces_of
from tunebook.explain.records import ALL_UNKNOWN, CALIBRATED, CUT, ROUGH, UNKNOWN, Explanation, Maps, Part, Unit
from tunebook.explain.units import BY, By, Piece, Units, units_of

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel

_LONGEST = 48  # tokens of which attention is shown


@dataclass(frozen=True)
class How:
    """How answers are explained.

    Attributes:
        method: its key; by: the units.
        answer: what is explained in place of what the model says, such as another label; None for the latter.
        read: how the answers of a calibrated model are read; None as the model gives them.
    """

    method: str = DEFAULT
    by: By = "word"
    answer: str | None = None
    read: Calibrated | None = None

    def check(self) -> None:
        """Raises a DataError, `explain.method`, `explain.by`."""
        method_of(self.method)
        if self.by not in BY:
            raise DataError("explain.by", key="--by", value=self.by, allowed=" | ".join(BY))


@dataclass(frozen=True)
class Target:
    """A thing that a model says of a row, ready to be explained.

    Attributes:
        row: the row by itself, as the user gave it; line, units: of it.
        calibrated: whether it is said by thresholds or costs alone, while the model itself says another.
    """

    row: Rows
    line: Line
    units: Units
    calibrated: bool = False


def explained(loaded: LoadedModel, rows: Rows, how: How, progress: Progress | None = None) -> list[Explanation]:
    """Explanations of what a model says of rows, in their order; of a row that says several things several.

    Raises:
        DataError: `explain.empty`, a row has no text; `explain.answer`, there is no such answer; `explain.nothing`,
            the model says nothing of any row; and as `How.check`. RunError: `explain.task`, such answers cannot be
            explained.
    """
    how.check()
    watch, found, method = progress or Silent(), list[Explanation](), method_of(how.method)
    rows = answered(loaded, rows)
    watch.start("explain", len(rows))
    for number in range(len(rows)):
        for target in targets_of(loaded, rows.at([number]), how):
            made = method.explain(target.line, target.units)
            found.append(told(target, made, number, loaded.tokenizer))
        watch.advance()
    watch.finish()
    found = [item.model_copy(update={"maps": None}) if number else item for number, item in enumerate(found)]
    if not found:
        raise DataError("explain.nothing", key=str(len(rows)))
    return found


def targets_of(loaded: LoadedModel, row: Rows, how: How) -> Iterator[Target]:
    """What is to be explained of one row of `answered`. Raises as `explained`."""
    import torch

    task, labels = loaded.task, loaded.plan.labels
    assert isinstance(task, Explains)
    seen = task.seen(row, loaded.plan.params)
    encoded = task.encode(seen, loaded.tokenizer, loaded.plan.params.max_length)
    device = next(loaded.model.parameters()).device
    batch = task.collate(encoded, [0], loaded.tokenizer.pad_token_id)
    batch = {name: value.to(device) for name, value in batch.items()}
    with torch.no_grad():  # what an aim keeps of it takes part in gradients
        outputs = loaded.model(**model_inputs(batch))
        using = Using(loaded.model, loaded.tokenizer, 1.0 if how.read is None else how.read.temperature)
        aims = task.aims(outputs, batch, seen, labels, using)
    cuts = how.read is not None and bool(how.read.thresholds or how.read.costs)
    by_cuts = cuts and how.answer is None
    own_words = {aim.name for aim in aims if aim.said}
    for aim in _chosen(_as_given(loaded, row, aims, how.read) if by_cuts else aims, how.answer):
        texts = {part: text_of(seen, part) for part in aim.parts}
        ids = batch["input_ids"][aim.line][: int(batch["attention_mask"][aim.line].sum())].tolist()
        pieces = _bare(pieces_of(ids, texts, loaded.tokenizer), seen, row)
        own = {part: text_of(row, part) for part in aim.parts}
        line = Line.of(loaded.model, batch, aim, pieces, loaded.tokenizer)
        yield Target(row, line, units_of(pieces, own, how.by), by_cuts and aim.name not in own_words)


def _as_given(loaded: LoadedModel, row: Rows, aims: Sequence[Aim], how: Calibrated | None) -> list[Aim]:
    """Aims of which those are said that the calibrated model gives; the likeliest where it gives none."""
    ((answer,), _) = loaded.answers(row, how=how)
    label = answer.get("label")
    names = (label if isinstance(label, list) else [label]) or [aims[0].name]
    return [replace(aim, said=aim.name in names) for aim in aims]


def _chosen(aims: Sequence[Aim], answer: str | None) -> list[Aim]:
    """Those that the answer says, or the one that was asked for."""
    if answer is None:
        return [aim for aim in aims if aim.said]
    found = [aim for aim in aims if aim.name == answer or aim.name.partition(":")[0] == answer]
    if not found:
        raise DataError("explain.answer", key="--answer", value=answer, allowed=" | ".join(aim.name for aim in aims))
    return found[:1]


def _bare(pieces: Sequence[Piece], seen: Rows, row: Rows) -> list[Piece]:
    """Places in the texts without what the task's settings put around them, such as a prompt."""
    found = []
    for piece in pieces:
        if not piece.part:
            found.append(piece)
            continue
        own, given = text_of(row, piece.part), text_of(seen, piece.part)
        shift = 0 if own == given else max(given.find(own), 0)
        inside = shift <= piece.start and piece.end <= shift + len(own)
        found.append(Piece(piece.part, piece.start - shift, piece.end - shift) if inside else NOWHERE)
    return found


def told(target: Target, found: Found, number: int, tokenizer: Any) -> Explanation:
    """An explanation as it is told: places are those in the texts as the user gave them."""
    row, line, units = target.row, target.line, target.units
    shown = np.ones((2, len(line.pieces)), dtype=bool)
    shown[1] = ~line.explained
    score, bare = (float(value) for value in line.scores(shown))
    notes, ids = [], line.ids[0].tolist()
    strange = _strange(ids, line.pieces, tokenizer)
    unread = sum(_unread(row, part, line.pieces) for part in line.aim.parts)
    notes += [CALIBRATED] if target.calibrated else []
    notes += [CUT] if unread else []
    notes += [ALL_UNKNOWN if strange == 1 else UNKNOWN] if strange else []
    notes += [ROUGH] if found.delta is not None and abs(found.delta) > near(found.values, 0.0) else []
    return Explanation(
        row=str(row.ids[0]),
        number=number,
        parts=[Part(name=part, text=_given(row, part)) for part in (*line.aim.parts, *line.aim.beside)],
        said=line.aim.name,
        score=score,
        chance=1 / (1 + math.exp(-max(min(score, 500.0), -500.0))) if line.aim.odds else None,
        bare=bare,
        units=[_unit(row, piece, float(value)) for piece, value in zip(units.pieces, found.values, strict=True)],
        delta=found.delta,
        steps=found.steps,
        notes=notes,
        unread=unread,
        strange=strange,
        maps=_maps(line, found, tokenizer),
    )


def _maps(line: Line, found: Found, tokenizer: Any) -> Maps | None:
    """The attention of a short line; that of a long one would be a book of pictures too small to see."""
    length = line.ids.shape[1]
    if found.attention is None or length > _LONGEST:
        return None
    tokens = [str(token) for token in tokenizer.convert_ids_to_tokens(line.ids[0].tolist())]
    return Maps(tokens=tokens, weights=found.attention.maps.round(3).tolist())


def _given(row: Rows, part: str) -> str:
    """A text as the user gave it."""
    raw = {TEXT: row.raw, PAIR: row.raw_pairs}.get(part)
    return raw[0] if raw is not None else text_of(row, part)


def _unit(row: Rows, piece: Piece, value: float) -> Unit:
    start, end = piece.start, piece.end
    if piece.part == TEXT:
        start, end, text = row.place(0, start, end)
    elif piece.part == PAIR:
        start, end, text = row.pair_place(0, start, end)
    else:
        text = text_of(row, piece.part)[start:end]
    return Unit(part=piece.part, start=start, end=end, text=text, value=value)


def _strange(ids: Sequence[int], pieces: Sequence[Piece], tokenizer: Any) -> float:
    """Share of the texts' tokens that are unknown to the model."""
    own = [token for token, piece in zip(ids, pieces, strict=True) if piece.part]
    return own.count(tokenizer.unk_token_id) / len(own) if own else 1.0


def _unread(row: Rows, part: str, pieces: Sequence[Piece]) -> int:
    """Characters of a text that are outside of the line's tokens: those behind the last one, and before the first."""
    text = text_of(row, part)
    mine = [piece for piece in pieces if piece.part == part]
    first, last = min((piece.start for piece in mine), default=0), max((piece.end for piece in mine), default=0)
    return len(text[:first].strip()) + len(text[last:].strip())


__all__ = ["PASSAGE", "How", "Target", "explained", "targets_of", "told"]
