"""Chat: a conversation with a run's model, which answers piece by piece and remembers what was said."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tunebook.core.chat import Chat, Turn
from tunebook.core.errors import RunError
from tunebook.core.registry import task_of
from tunebook.core.writes import Shown, Talks
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel
    from tunebook.nets.generate import Generation, Made

_LONE = re.compile("[\ud800-\udfff]")  # halves of characters, which no tokenizer reads


@dataclass
class Talk:
    """A conversation under way.

    Attributes:
        how: how the model writes; system: what it is told before the first question, empty for nothing.
        chat: what was said; read: what the model was shown of it for its last answer.
    """

    loaded: LoadedModel
    how: Generation
    system: str = ""
    chat: Chat = field(default_factory=lambda: Chat(()))
    read: Shown | None = None

    def reset(self) -> None:
        """Forget what was said."""
        self.chat, self.read = Chat(()), None

    def asked(self, text: str) -> Generator[str, None, Made]:
        """The pieces of the answer to a question; the generator's value is the answer. What was heard of an answer is
        remembered, also where the generator is closed before its end.

        Raises:
            ModelError: `chat.refused`: the chat template cannot write this conversation. RunError: as `generate`.
        """
        from tunebook.nets.stream import stream

        task = self.loaded.task
        assert isinstance(task, Talks)
        before = () if self.chat.turns or not self.system else (Turn("system", self.system),)
        chat = Chat((*before, *self.chat.turns, Turn("user", _LONE.sub("\ufffd", text))))
        self.read = task.prompted(self.loaded, chat, self.how.max_new_tokens)
        heard: list[str] = []
        try:
            pieces = stream(self.loaded.model, self.read.tokens, tokenizer=self.loaded.tokenizer, how=self.how)
            while True:
                try:
                    piece = next(pieces)
                except StopIteration as end:
                    made: Made = end.value
                    return made
                heard.append(piece)
                yield piece
        finally:
            self.chat = chat.answered("".join(heard))


def begin(run: Run, system: str = "", **how: Any) -> Talk:
    """A conversation with a run's model.

    Args:
        how: fields of `tunebook.nets.generate.Generation`; `max_new_tokens` is the run's own where it is None.

    Raises:
        RunError: `chat.task`, its model writes no turns; or it has not finished. ModelError: `model.damaged`.
    """
    plan = run.plan
    task = task_of(plan.task)()
    if not isinstance(task, Talks):
        raise RunError("chat.task", key=run.id, value=plan.task)
    folder = run.model
    from tunebook.engine.load import load_model
    from tunebook.nets.generate import Generation

    given = {name: value for name, value in how.items() if value is not None}
    own = Generation(**{"max_new_tokens": task.longest(plan.params), **given})
    loaded = load_model(folder, plan)
    return Talk(loaded, own, system)


__all__ = ["Talk", "begin"]
