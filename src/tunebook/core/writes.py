"""What a task whose models write can be asked: their texts, and which scores are about these."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tunebook.core.answers import Rows
from tunebook.core.nouns import Labels
from tunebook.core.settings import Filled

if TYPE_CHECKING:
    from tunebook.core.chat import Chat
    from tunebook.core.progress import Progress
    from tunebook.core.written import Written


@dataclass(frozen=True)
class Manner:
    """How a model is asked to write for once; what is None is as its settings say, or as `nets.generate.Generation`.

    Attributes:
        max_new_tokens: of a text at most.
        temperature: 0 takes the likeliest token each time, more draws others too; top_p: from the likeliest ones that
            have this probability together; seed: of what is drawn.
        stop: words before which a text ends.
        tokens_at_once: rows of a batch times their length.
    """

    max_new_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] | None = None
    tokens_at_once: int | None = None

    def told(self) -> dict[str, Any]:
        """What it says."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Shown:
    """What a model is shown of a conversation that it is to answer.

    Attributes:
        tokens: of it; left_out: turns at its front that there was no room for, the system's not among them.
        cut: whether the first tokens of the rest were left out as well.
    """

    tokens: list[int]
    left_out: int = 0
    cut: bool = False


@runtime_checkable
class Writes(Protocol):
    """A task whose answers hold texts that its model writes; `read` knows of the true ones alone, which is quick."""

    def written(
        self,
        model: Any,
        tokenizer: Any,
        rows: Rows,
        params: Filled,
        progress: Progress | None = None,
        manner: Manner | None = None,
    ) -> Written:
        """What a model writes of rows as `seen` gives them; figures of the true answers are NaN.

        Args:
            manner: None writes what scores are of.
        """

    def needs_texts(self, labels: Labels, metric: str) -> bool:
        """Whether a metric is about what a model writes, and not only about the true answers."""


@runtime_checkable
class Talks(Protocol):
    """A task whose models say the next turn of a conversation."""

    def prompted(self, loaded: Any, chat: Chat, new: int) -> Shown:
        """What a loaded model is shown to answer with `new` tokens, as far as it has room."""

    def longest(self, params: Filled) -> int:
        """Tokens that its answers may have, as its settings say."""


def texts_asked(task: object, labels: Labels, metric: str) -> bool:
    """Whether answers that are judged by a metric have to be whole: those of models that write take far longer with
    their texts than without."""
    return not isinstance(task, Writes) or task.needs_texts(labels, metric)


__all__ = ["Manner", "Shown", "Talks", "Writes", "texts_asked"]
