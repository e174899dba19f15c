"""A text as it is being written, piece by piece."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from tunebook.nets.generate import Generation, Made, Writer, as_told, first_stop, text_of

if TYPE_CHECKING:
    from torch import Tensor

_HALF = "\ufffd"  # what stands for a character of which not all bytes are there


def stream(model: Any, prompt: Sequence[int], *, tokenizer: Any, how: Generation) -> Generator[str, None, Made]:
    """The pieces of what a model writes after a prompt, the same as `generate` writes; together they are its text.

    A character whose bytes are not all there waits, and so does what may become a stop word. Whoever closes the
    generator ends the writing.

    Returns:
        What was written, as the value of the generator (`made = yield from stream(...)`).

    Raises:
        RunError: as `generate`.
    """
    writer = Writer(model, tokenizer, how)
    room = writer.room(len(prompt), 0)
    pipe = _Pipe()
    made: list[Made] = []

    def work() -> None:
        try:
            made.append(writer.write([prompt], [0], room, pipe)[0])
        except BaseException as error:
            pipe.queue.put(error)
        pipe.queue.put(None)

    with as_told(writer.model):
        thread = Thread(target=work, daemon=True)
        thread.start()
        try:
            shown = yield from _pieces(pipe, writer)
        finally:
            pipe.closed.set()
            thread.join()
    if made[0].text.startswith(shown) and made[0].text != shown:
        yield made[0].text[len(shown) :]
    return made[0]


class _Pipe:
    """From the thread that writes to the one that reads."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[int | BaseException | None] = SimpleQueue()
        self.closed = Event()
        self.begun = False

    def put(self, value: Tensor) -> None:
        """The prompt, which comes first, is known."""
        if self.begun:
            self.queue.put(int(value.reshape(-1)[0]))
        self.begun = True

    def end(self) -> None:
        """Told by the thread itself."""

    def over(self, input_ids: Tensor, scores: Any, **more: Any) -> Tensor:
        """Whether nobody listens any more."""
        import torch

        return torch.full((len(input_ids),), self.closed.is_set(), device=input_ids.device)


def _pieces(pipe: _Pipe, writer: Writer) -> Generator[str, None, str]:
    """What can be shown after each token; at last all that was shown."""
    tokens: list[int] = []
    shown = ""
    while (item := pipe.queue.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        tokens.append(item)
        text = sure(text_of(writer.tokenizer, tokens), writer.how.stop)
        if item not in writer.ends and text.startswith(shown) and text != shown:
            yield text[len(shown) :]
            shown = text
    return shown


def sure(text: str, words: Sequence[str]) -> str:
    """The beginning of a text that no further token can change or cut off."""
    at = first_stop(text, words)
    if at is not None:
        return text[:at]
    text = text.rstrip(_HALF)
    for word in words:
        length = next((n for n in range(min(len(word) - 1, len(text)), 0, -1) if text.endswith(word[:n])), 0)
        at = min(len(text) if at is None else at, len(text) - length)
    return text[:at]


__all__ = ["stream", "sure"]
