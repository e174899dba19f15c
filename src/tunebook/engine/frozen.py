"""Frozen layers read each text once: what they make of it serves all epochs, and all trainings of a book.

Before the first step each text is read by them, in batches that follow from the texts alone, so that every training on
these texts sees the same numbers, whichever made them. They are known by all that decides them: the frozen weights and
the config that they belong to, the tokens, the number of layers, the precision and the versions of the code.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
import xxhash
from filelock import FileLock
from torch import Tensor

from tunebook.core.batch import Batch, model_inputs
from tunebook.core.encoded import Encoded
from tunebook.core.errors import ModelError
from tunebook.core.files import content_id
from tunebook.core.messages import say
from tunebook.core.progress import Progress, tell
from tunebook.core.settings import Filled
from tunebook.core.task import Draws
from tunebook.core.technique import View, WrapsLoss
from tunebook.engine import layer_outputs
from tunebook.engine.infer import Inference
from tunebook.engine.material import Material
from tunebook.engine.seam import WovenTrainer
from tunebook.models.architecture import depths
from tunebook.nets.evaluated import evaluated
from tunebook.nets.frozen import COLUMNS, FrozenLayers, Known, Line, find_cut, key_of, lines_of
from tunebook.tables.rules import effective_batch, planned_steps

KEY = "frozen_layers"  # of the counters
FOLDER = "frozen"  # of a cache
SMALL = 256 << 20  # bytes that are held in memory where there can be no file
_FORM = 2
_TOKENS = 4096  # of a pass
_ROWS = 512  # that are looked through at once
_TRIED = 3
_NEAR = {"fp32": 1e-4}  # of the largest state: what sums in another order make of it
_ASIDE = re.compile("dropout|label|problem|architectures|_name_or_path|transformers_version")


@dataclass(frozen=True)
class Texts:
    """The texts of a training.

    Attributes:
        inference: how they are read.
        view, validation: the rows; material: where they and the base model come from.
    """

    inference: Inference
    view: View
    validation: Encoded
    material: Material
    progress: Progress

    @property
    def parts(self) -> list[Encoded]:
        """The rows that are read again and again; none where each epoch shows others."""
        if self.view.shown is not None or isinstance(self.inference.task, Draws):
            return []
        beside = self.material.beside
        return [self.view.rows, self.validation, *([beside.rows] if beside else [])]

    def epochs(self, settings: Filled) -> float:
        """How often training rows are read."""
        rows = len(self.view.rows)
        return planned_steps(settings, rows) * effective_batch(settings) / rows

    def lines(self) -> dict[bytes, Line]:
        """Each text once, by length and key; none where the rows are no texts side by side."""
        task, pad = self.inference.task, self.inference.pad
        found: dict[bytes, Line] = {}
        for part in self.parts:
            for start in range(0, len(part), _ROWS):
                batch = task.collate(part, range(start, min(start + _ROWS, len(part))), pad)
                lines = lines_of(batch) if "input_ids" in batch else None
                if lines is None:
                    return {}
                found |= {key_of(line): line for line in lines}
        return dict(sorted(found.items(), key=lambda item: (len(item[1][0]), item[0])))

    def some(self, rows: Encoded, device: torch.device) -> Batch:
        """What a model is given of a few rows, to try something on."""
        batch = self.inference.task.collate(rows, range(min(len(rows), _TRIED)), self.inference.pad)
        return {name: value.to(device) for name, value in model_inputs(batch).items()}

    def batches(self, lines: list[Line], device: torch.device) -> Iterator[Batch]:
        """Texts in their order, `_TOKENS` tokens at a time."""
        begin = 0
        while begin < len(lines):
            end = begin + 1
            while end < len(lines) and (end + 1 - begin) * len(lines[end][0]) <= _TOKENS:
                end += 1
            yield self.batch(lines[begin:end], device)
            begin = end

    def batch(self, lines: list[Line], device: torch.device) -> Batch:
        """Texts side by side."""
        longest = max(len(line[0]) for line in lines)
        mask = torch.arange(longest) < torch.tensor([[len(line[0])] for line in lines])
        made: Batch = {"attention_mask": mask.long().to(device)}
        for column, name in zip(range(len(lines[0])), COLUMNS, strict=False):
            filled = np.full((len(lines), longest), 0 if column else self.inference.pad, dtype=np.int64)
            for row, line in enumerate(lines):
                filled[row, : len(line[column])] = line[column]
            made[name] = torch.from_numpy(filled).to(device)
        return made


@contextmanager
def read_once(trainer: WovenTrainer, texts: Texts) -> Iterator[None]:
    """Inside, a model's frozen layers have no dropout, and read each text once where that pays and is the same."""
    model, weave = trainer.model, trainer.weave
    cut = find_cut(model)
    if cut is None:
        yield
        return
    frozen, again = FrozenLayers(cut), texts.epochs(weave.run.settings) >= 2
    with torch.no_grad(), evaluated(model), texts.inference.arithmetic(cut.device.type):
        if weave.run.criterion is None or weave.run.criterion.padded:
            by_logits = all(one.in_lines for one in weave.techniques if isinstance(one, WrapsLoss))
            frozen.first = by_logits and len(cut.layers) == depths(model).layers and _reads_first(model, frozen, texts)
            frozen.known = _known(frozen, texts, again)
    with frozen.held():
        yield
    if again or frozen.known:
        live: dict[str, float] = {why: 1 for why in frozen.passes if why not in ("known", "off")}
        if frozen.borrowed:
            live["borrowed_seconds"] = frozen.borrowed
        weave.run.noted(KEY, layers=len(cut.layers), once=int("known" in frozen.passes), **live)


def _reads_first(model: Any, frozen: FrozenLayers, texts: Texts) -> bool:
    """Whether the head reads nothing but the first token of a text, by what it says of a few rows."""
    if not texts.parts or not texts.parts[0].flat:
        return False
    inputs = texts.some(texts.parts[0], frozen.cut.device)
    lines = lines_of(inputs) if "input_ids" in inputs else None
    if lines is None:
        return False
    keys, said = [key_of(line) for line in lines], []
    try:
        states = frozen.states(texts.batch(lines, frozen.cut.device))
        for tokens in ([len(line[0]) for line in lines], [1] * len(lines)):
            ends = list(accumulate(tokens))
            own = torch.cat([states[row, :count] for row, count in enumerate(tokens)])
            frozen.known = Known(own, dict(zip(keys, zip([0, *ends], ends, strict=False), strict=True)))
            with frozen.held():
                said.append(model(**inputs)["logits"])
    except (ModelError, KeyError, TypeError):
        return False
    finally:
        frozen.known = None
        frozen.passes.clear()
    return torch.equal(*said)


def _known(frozen: FrozenLayers, texts: Texts, again: bool) -> Known | None:
    """What they make of all texts; None where it cannot be known, or is not there and would be read once only."""
    lines = texts.lines()
    if len(lines) < 2:
        return None
    lengths = {key: 1 if frozen.first else len(line[0]) for key, line in lines.items()}
    try:
        states = _states(frozen, texts, list(lines.values()), lengths, again)
    except ModelError:
        return None
    if states is None:
        return None
    ends = list(accumulate(lengths.values()))
    known = Known(states, {key: (end - lengths[key], end) for key, end in zip(lengths, ends, strict=True)})
    tried = [list(lines.values())[place] for place in sorted({0, len(lines) // 2, len(lines) - 1})]
    return known if _alike(frozen, known, texts.batch(tried, frozen.cut.device), texts.inference.precision) else None


def _states(
    frozen: FrozenLayers, texts: Texts, lines: list[Line], lengths: dict[bytes, int], again: bool
) -> Tensor | None:
    """Of all tokens, one text after the other."""
    one = frozen.states(texts.batch(lines[-1:], frozen.cut.device))
    size = sum(lengths.values()) * one.shape[-1] * one.element_size()
    cache = texts.material.cache
    if cache is None:
        return _in_memory(frozen, texts, lines, size) if again else None
    path = layer_outputs.place(cache / FOLDER, _key(frozen, texts, lengths))
    with _alone(path):
        kept = layer_outputs.read(path, lengths)
        if kept is not None:
            states, frozen.borrowed = kept
            return states
        if not again:
            return None
        begun = time.process_time()
        small = _in_memory(frozen, texts, lines, size)
        try:
            layer_outputs.make_room(path.parent, size)
            parts = _computed(frozen, texts, lines) if small is None else [small]
            layer_outputs.write(path, lengths, parts, begun)
            made = layer_outputs.read(path, lengths)
            return small if made is None else made[0]
        except OSError as error:  # a full disk, or a book that may only be read
            if small is None:
                tell(texts.progress, say("frozen.live", reason=error.strerror or str(error)))
            return small


def _in_memory(frozen: FrozenLayers, texts: Texts, lines: list[Line], size: int) -> Tensor | None:
    """Of all tokens; None where so many bytes are too many."""
    return torch.cat([part.cpu() for part in _computed(frozen, texts, lines)]) if size <= SMALL else None


def _computed(frozen: FrozenLayers, texts: Texts, lines: list[Line]) -> Iterator[Tensor]:
    texts.progress.start("frozen", len(lines))
    for batch in texts.batches(lines, frozen.cut.device):
        yield frozen.states(batch)[_kept(batch, frozen.first)]
        texts.progress.advance(len(batch["attention_mask"]))
    texts.progress.finish()


def _kept(batch: Batch, first: bool) -> Tensor:
    """Which states of a batch are kept: those of tokens, or of the first alone."""
    real: Tensor = batch["attention_mask"].bool()
    return real & (real.cumsum(1) == 1) if first else real


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Of several processes that want the same, one makes it and the others wait; not where no lock can be had."""
    with ExitStack() as held:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(path.with_suffix(".lock")))
        except OSError:
            pass
        yield


def _alike(frozen: FrozenLayers, known: Known, batch: Batch, precision: str) -> bool:
    """Whether the body gives the same of a few texts above the cut as from below."""
    real = _kept(batch, frozen.first)

    def out() -> Tensor:
        with frozen.held():
            found: Tensor = frozen.cut.body(**batch)[0][real].float()
            return found

    wanted = out()
    frozen.known = known
    found = out()
    frozen.passes.clear()
    return bool((found - wanted).abs().max() <= _NEAR.get(precision, 2e-2) * wanted.abs().max())


def _key(frozen: FrozenLayers, texts: Texts, lengths: Iterable[bytes]) -> str:
    """Hash of all that decides what they make of texts."""
    digest = xxhash.xxh3_128()
    for name, item in frozen.cut.weights.items():
        digest.update(f"{name}{item.dtype}{tuple(item.shape)}".encode())
        digest.update(item.detach().cpu().contiguous().view(torch.uint8).numpy().data)
    config = frozen.cut.body.config
    told = {name: value for name, value in json.loads(config.to_json_string()).items() if not _ASIDE.search(name)}
    lines = xxhash.xxh3_128(b"".join(lengths)).hexdigest()
    versions = [_FORM, torch.__version__, transformers.__version__]
    how = [texts.inference.precision, frozen.first, frozen.cut.device.type, config._attn_implementation]
    return content_id([digest.hexdigest(), told, len(frozen.cut.layers), lines, how, versions], 24)


__all__ = ["FOLDER", "KEY", "SMALL", "Texts", "read_once"]
