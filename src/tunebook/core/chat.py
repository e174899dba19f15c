"""A conversation: turns of a system, a user, an assistant and its tools, of which some are to be learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")


@dataclass(frozen=True)
class Turn:
    """What one of them says.

    Attributes:
        content: its words, as they were given.
        learn: whether the turn is to be learnt, where the rows say it; None where they do not.
        calls: the tools that an assistant calls, as JSON text; empty for none.
        name: of the tool that answers; empty where it has none.
    """

    role: Role
    content: str
    learn: bool | None = None
    calls: str = ""
    name: str = ""


@dataclass(frozen=True)
class Chat:
    """One conversation.

    Attributes:
        tools: those that the assistant may call, as JSON text; empty for none.
    """

    turns: tuple[Turn, ...]
    tools: str = ""

    @classmethod
    def of(cls, *turns: tuple[Role, str]) -> Chat:
        """From role and words of each turn."""
        return cls(tuple(Turn(role, content) for role, content in turns))

    @property
    def asked(self) -> Chat:
        """Without the answer at its end, if it has one: what a model is shown to answer."""
        return Chat(self.turns[:-1], self.tools) if self.answer is not None else self

    @property
    def answer(self) -> str | None:
        """The words of the assistant at its end; None where the last turn is another's."""
        return self.turns[-1].content if self.turns and self.turns[-1].role == "assistant" else None

    def answered(self, answer: str) -> Chat:
        """With an answer at its end."""
        return Chat((*self.turns, Turn("assistant", answer)), self.tools)


def question(text: str) -> Chat:
    """A conversation of one question."""
    return Chat((Turn("user", text),))


def shown(turns: Sequence[Turn]) -> str:
    """Their words on lines of their own: by this text the same conversation is found again."""
    return "\n".join(part for turn in turns for part in (turn.content, turn.calls) if part)


__all__ = ["ROLES", "Chat", "Role", "Turn", "question", "shown"]
