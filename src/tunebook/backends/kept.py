"""What was measured of backends, kept in a book by all that it hangs on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tunebook.backends.measured import Measured
from tunebook.core.files import content_id
from tunebook.core.installed import version_of
from tunebook.core.messages import say
from tunebook.core.progress import Progress, tell
from tunebook.verbs.steps.book import keep, recalled

_LIBRARIES = ("torch", "onnx", "onnxruntime")
_FORM = 1  # of what is kept


@dataclass
class Kept:
    """What was measured of one model here.

    Attributes:
        book: its folder; None keeps it as long as the model is in memory.
        key: gives the hash of all that the model's answers hang on.
    """

    book: Path | None = None
    key: Callable[[], str] = str
    _known: dict[str, Measured] = field(default_factory=dict, init=False)

    def recalled(self, kind: str) -> Measured | None:
        """What was measured of a kind of work; None where nothing was of this model, these libraries, this processor
        and as many threads, or where what was kept is damaged."""
        if kind not in self._known and self.book is not None:
            with suppress(ValidationError):  # of an older version, or null
                self._known[kind] = Measured.model_validate(recalled(self.book, self._name(kind)))
        return self._known.get(kind)

    def keep(self, kind: str, measured: Measured, progress: Progress) -> None:
        """Keep it; whoever watches is told where the book takes no more."""
        self._known[kind] = measured
        if self.book is not None and not keep(self.book, self._name(kind), measured.model_dump(mode="json")):
            tell(progress, say("backend.not_kept", place=self.book / "cache"))

    def _name(self, kind: str) -> str:
        return f"backend-{content_id([*self._hangs_on, kind], 24)}"

    @cached_property
    def _hangs_on(self) -> list[Any]:
        import torch

        from tunebook.models.cpu_speed import flags, processor

        machine = [processor(), sorted(flags()), torch.get_num_threads()]
        return [self.key(), [version_of(name) for name in _LIBRARIES], machine, _FORM]


__all__ = ["Kept"]
