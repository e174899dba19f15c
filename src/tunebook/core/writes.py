"""What a task whose models write can be asked: their texts, and which scores are about these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tunebook.core.answers import Rows
from tunebook.core.nouns import Labels
from tunebook.core.settings import Filled

if TYPE_CHECKING:
    from tunebook.core.chat import Chat
    from tunebook.core.progress import Progress
    from tunebook.core.written import Written


@runtime_checkable
class Writes(Protocol):
    """A task whose answers hold texts that its model writes; `read` knows of the true ones alone, which is quick."""

    def written(
        self, model: Any, tokenizer: Any, rows: Rows, params: Filled, progress: Progress | None = None
    ) -> Written:
        """What a model writes of rows as `seen` gives them; figures of the true answers are NaN."""

    def needs_texts(self, labels: Labels, metric: str) -> bool:
        """Whether a metric is about what a model writes, and not only about the true answers."""


@runtime_checkable
class Talks(Protocol):
    """A task whose models say the next turn of a conversation."""

    def prompted(self, loaded: Any, chat: Chat, new: int) -> list[int]:
        """Tokens of what a loaded model is shown to answer with `new` tokens, as far as it has room."""

    def longest(self, params: Filled) -> int:
        """Tokens that its answers may have, as its settings say."""


def texts_asked(task: object, labels: Labels, metric: str) -> bool:
    """Whether answers that are judged by a metric have to be whole: those of models that write take far longer with
    their texts than without."""
    return not isinstance(task, Writes) or task.needs_texts(labels, metric)


__all__ = ["Talks", "Writes", "texts_asked"]
