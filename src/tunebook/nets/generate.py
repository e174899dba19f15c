"""Texts that a model writes: many prompts at a time, each answered as it would be alone.

What the base model's own generation settings say (sampling, forced tokens, lengths) is left aside: `Generation` says it
all. A prompt draws by a stream of numbers of its own, so what is sampled hangs on the seed and on the prompt's place
among the prompts, not on the batch, up to the rounding of logits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tunebook.core.errors import RunError
from tunebook.core.progress import Progress, Silent
from tunebook.models.chat_template import end_tokens
from tunebook.models.positions import positions_in

if TYPE_CHECKING:
    from torch import Tensor

_ALONE = frozenset({"rwkv", "xlstm"})  # of transformers: no mask is heeded; RWKV mixes even rows of one length


@dataclass(frozen=True)
class Generation:
    """How a model writes.

    Attributes:
        max_new_tokens: of a text at most, its end token among them.
        temperature: 0 takes the likeliest token each time; else logits are divided by it and a token is drawn.
        top_p: only the likeliest tokens are drawn that together have at least this probability.
        stop: words before which a text ends, wherever the borders of tokens lie.
        seed: of what is drawn.
        tokens_at_once: rows of a batch times their length, new tokens among it: what the cache of keys and values
            holds. A single row may have more.
    """

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int = 0
    tokens_at_once: int = 8192


@dataclass(frozen=True)
class Made:
    """A text that a model has written.

    Attributes:
        tokens: as written, without the token or the word that ended it; stopped: whether one of these did, and not the
            limit.
    """

    tokens: tuple[int, ...]
    text: str
    stopped: bool


class Watch(Protocol):
    """Who is told each token as it is written, and may end it: a streamer of transformers with one method more."""

    def put(self, value: Tensor) -> None:
        """Tokens: first the prompt, shape (1, tokens), then one after the other, shape (1,)."""

    def end(self) -> None:
        """Nothing more comes."""

    def over(self, input_ids: Tensor, scores: Any, **more: Any) -> Tensor:
        """Whether each row is to end, shape (rows,)."""


def generate(
    model: Any,
    prompts: Sequence[Sequence[int]],
    *,
    tokenizer: Any,
    how: Generation,
    progress: Progress | None = None,
) -> list[Made]:
    """What a model writes after each prompt; an encoder-decoder, what it makes of it.

    Args:
        model: with a `generate` of transformers; its mode and its own settings are the same afterwards.
        prompts: token numbers; none may be empty.

    Raises:
        RunError: `generate.empty`, a prompt has no tokens; `generate.long`, one leaves no room for an answer.
    """
    writer = Writer(model, tokenizer, how)
    watch = progress or Silent()
    watch.start("generate", len(prompts))
    found: dict[int, Made] = {}
    with as_told(writer.model):
        for rows, room in writer.batches(prompts):
            found |= writer.write(prompts, rows, room)
            watch.advance(len(rows))
    watch.finish()
    return [found[place] for place in range(len(prompts))]


class Writer:
    """A model with the tokens that end its texts."""

    def __init__(self, model: Any, tokenizer: Any, how: Generation) -> None:
        self.model = getattr(model, "module", model)
        self.tokenizer = tokenizer
        self.how = how
        config = self.model.config
        self.encoder = bool(config.is_encoder_decoder)
        self.alone = config.model_type in _ALONE
        self.reach = positions_in(config.get_text_config(decoder=True).to_dict()) or 10**9
        self.ends = _ends(tokenizer, encoder=self.encoder)
        forced = ("forced_bos_token_id",) if self.encoder else ()  # such as the language that is written
        names = ("bos_token_id", "decoder_start_token_id", *forced)
        self.starts = {name: _start(self.model, name) for name in names}

    def batches(self, prompts: Sequence[Sequence[int]]) -> Iterator[tuple[list[int], int]]:
        """Rows of like length, the longest first, and the tokens that may be written; rows for which the model's
        positions leave less than asked stand with those of their own length alone. A model that knows no padding gets
        one row at a time."""
        waiting: list[int] = []
        room = 0
        for row in sorted(range(len(prompts)), key=lambda row: (-len(prompts[row]), row)):
            length = len(prompts[row])
            fits = self.room(length, row)
            longest = len(prompts[waiting[0]]) if waiting else length
            full = self.alone or (len(waiting) + 1) * (longest + room) > self.how.tokens_at_once
            if waiting and (full or fits != room):
                yield waiting, room
                waiting = []
            waiting, room = [*waiting, row], fits
        if waiting:
            yield waiting, room

    def room(self, length: int, row: int) -> int:
        """Tokens that may be written after, or of, so many."""
        left = self.reach - (0 if self.encoder else length)
        if length == 0 or left < 1 or length > self.reach:
            code = "generate.long" if length else "generate.empty"
            raise RunError(code, key=str(row + 1), value=length, room=self.reach)
        return min(self.how.max_new_tokens, left - self.encoder)  # a decoder's first token is given

    def write(
        self, prompts: Sequence[Sequence[int]], rows: Sequence[int], room: int, watch: Watch | None = None
    ) -> dict[int, Made]:
        """Row -> what is written, of one batch."""
        ids, mask = _padded([prompts[row] for row in rows], self._fill(), left=not self.encoder)
        device = self.model.device
        start = 1 if self.encoder else ids.shape[1]
        draw = _Draw(self.how, rows) if self.how.temperature else None
        written = self.model.generate(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            generation_config=self._settings(room),
            logits_processor=[draw] if draw else [],
            stopping_criteria=[
                *([_Said(self.tokenizer, self.how.stop, start)] if self.how.stop else []),
                *([watch.over] if watch else []),
            ],
            streamer=watch,
        )
        return {row: self.made(line[start:].tolist()[:room]) for row, line in zip(rows, written, strict=True)}

    def made(self, tokens: list[int]) -> Made:
        """Tokens up to the first end, with their text."""
        stop = next((place for place, token in enumerate(tokens) if token in self.ends), None)
        kept = tokens[:stop]
        text = text_of(self.tokenizer, kept)
        at = first_stop(text, self.how.stop)
        if at is None:
            return Made(tuple(kept), text, stop is not None)
        fitting = (n for n in range(len(kept) + 1) if len(text_of(self.tokenizer, kept[:n])) > at)
        return Made(tuple(kept[: next(fitting) - 1]), text[:at], True)

    def _fill(self) -> int:
        own = self.tokenizer.pad_token_id
        return int(own) if own is not None else (self.ends[0] if self.ends else 0)

    def _settings(self, room: int) -> Any:
        from transformers import GenerationConfig

        return GenerationConfig(
            max_new_tokens=room,
            do_sample=False,
            num_beams=1,
            use_cache=True,
            eos_token_id=list(self.ends) or None,
            pad_token_id=self._fill(),
            **self.starts,
        )


class _Draw:
    """Draws a token for each row and leaves it as the only possible one."""

    def __init__(self, how: Generation, rows: Sequence[int]) -> None:
        self.how = how
        self.streams = [np.random.Generator(np.random.PCG64([how.seed, row])) for row in rows]

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores of shape (rows, vocabulary), all but one of a row -inf: the token at which the summed probabilities,
        the likeliest first where top_p cuts, reach a number drawn for this row and step."""
        import torch

        shares = torch.softmax(scores.double() / self.how.temperature, dim=-1)
        order = None
        if self.how.top_p < 1:
            shares, order = shares.sort(dim=-1, descending=True, stable=True)
            shares = shares * (shares.cumsum(-1) - shares < self.how.top_p)  # the first is always in
        sums = shares.cumsum(-1)
        drawn = torch.tensor([stream.random() for stream in self.streams], dtype=sums.dtype, device=sums.device)
        place = torch.searchsorted(sums, drawn[:, None] * sums[:, -1:], right=True)
        last = (shares > 0).cumsum(-1).argmax(-1, keepdim=True)  # rounding never draws what is left out
        place = torch.minimum(place, last)
        token = place if order is None else order.gather(-1, place)
        return torch.full_like(scores, -torch.inf).scatter(-1, token, 0.0)


class _Said:
    """Ends a row once its text holds one of the stop words, of which it has to read the last tokens only."""

    def __init__(self, tokenizer: Any, words: Sequence[str], start: int) -> None:
        self.tokenizer = tokenizer
        self.words = words
        self.start = start
        self.window = 8 + max(len(word.encode()) for word in words)  # a token that shows has a byte at least

    def __call__(self, input_ids: Tensor, scores: Any, **more: Any) -> Tensor:
        """Whether each row is over, shape (rows,)."""
        import torch

        last = max(self.start, input_ids.shape[1] - self.window)
        texts = (text_of(self.tokenizer, line[last:].tolist()) for line in input_ids)
        return torch.tensor([first_stop(text, self.words) is not None for text in texts], device=input_ids.device)


def first_stop(text: str, words: Sequence[str]) -> int | None:
    """Where the first stop word begins."""
    return min((place for word in words if word and (place := text.find(word)) >= 0), default=None)


@contextmanager
def as_told(model: Any) -> Iterator[None]:
    """Inside, a model does not drop out, and none of the generation settings that came with it hold: transformers puts
    them wherever those that it is given say nothing."""
    from transformers import GenerationConfig

    training = [module for module in model.modules() if module.training]
    inner = [module for module in model.modules() if getattr(module, "generation_config", None) is not None]
    holders = list({id(module): module for module in (model, *inner)}.values())
    kept = [module.generation_config for module in holders]
    model.eval()
    for module in holders:
        module.generation_config = GenerationConfig()
    try:
        yield
    finally:
        for module, own in zip(holders, kept, strict=True):
            module.generation_config = own
        for module in training:
            module.training = True


def _start(model: Any, name: str) -> int | None:
    own = getattr(model.generation_config, name, None)
    return getattr(model.config, name, None) if own is None else own


def _ends(tokenizer: Any, *, encoder: bool) -> tuple[int, ...]:
    if not encoder:
        return end_tokens(tokenizer)
    own = (tokenizer.eos_token_id, tokenizer.sep_token_id)
    return tuple(token for token in own if token is not None)[:1]


def _padded(prompts: Sequence[Sequence[int]], fill: int, *, left: bool) -> tuple[Tensor, Tensor]:
    """Token numbers and mask, shape (rows, tokens)."""
    import torch

    width = max(map(len, prompts))
    ids = torch.full((len(prompts), width), fill, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, tokens in enumerate(prompts):
        where = slice(width - len(tokens), width) if left else slice(len(tokens))
        ids[place, where] = torch.tensor(list(tokens), dtype=torch.long)
        mask[place, where] = 1
    return ids, mask


def text_of(tokenizer: Any, tokens: Sequence[int]) -> str:
    """Tokens as the words that they stand for, without special ones; blanks stay as they were written."""
    return str(tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False))


__all__ = ["Generation", "Made", "Watch", "Writer", "as_told", "first_stop", "generate", "text_of"]
