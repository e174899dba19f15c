"""book.toml: what a book is for, whose it is, from which files it was made, and what its gate asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from tunebook.core.business import Business, check_names
from tunebook.core.locations import BOOK_FILE
from tunebook.core.nouns import Record
from tunebook.core.operation import Exporting, Retraining, Rolling, Serving, Watching
from tunebook.core.verdict import Gate

_OPERATION = ("export", "serve", "rollout", "watch", "retrain")


class BookFile(Record):
    """What book.toml says.

    Attributes:
        task: name of the task.
        owner: who answers for the book.
        created: day on which it was made.
        sources: data files as the user named them, by the part they play.
        data: version of the rows that is in force.
        gate: what a new table has to bring.
        export, serve, rollout, watch, retrain: what holds after promotion; what is not said is as by default.
        business: name -> what right and wrong answers are worth to the owner.
    """

    task: str
    owner: str = ""
    created: str = ""
    sources: dict[str, list[str]] = Field(default_factory=dict)
    data: int = Field(default=1, ge=1)
    gate: Gate = Field(default_factory=Gate)
    export: Exporting = Field(default_factory=Exporting)
    serve: Serving = Field(default_factory=Serving)
    rollout: Rolling = Field(default_factory=Rolling)
    watch: Watching = Field(default_factory=Watching)
    retrain: Retraining = Field(default_factory=Retraining)
    business: dict[str, Business] = Field(default_factory=dict)

    @field_validator("business")
    @classmethod
    def _named(cls, sections: dict[str, Business]) -> dict[str, Business]:
        return check_names(sections)


def write_book_file(file: BookFile, folder: Path) -> None:
    """Write book.toml."""
    content = file.model_dump()
    gate = content.pop("gate")
    rating = gate.pop("rating") or {}
    if not file.gate.challenges:  # older versions know no such row
        del gate["challenges"]
    if file.data == 1:
        del content["data"]
    parts = {"sources": content.pop("sources"), "gate": gate, "gate.guard": gate.pop("guard"), "gate.rating": rating}
    for part in _OPERATION:
        del content[part]
        parts[part] = getattr(file, part).model_dump(exclude_defaults=True)
    del content["business"]
    parts |= {f"business.{name}": item.model_dump(exclude_defaults=True) for name, item in file.business.items()}
    lines = [f"{name} = {_toml(value)}" for name, value in content.items()]
    for part, values in parts.items():
        if values:
            lines += ["", f"[{part}]", *(f"{name} = {_toml(value)}" for name, value in values.items())]
    (folder / BOOK_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: Any) -> str:
    """A string, a number, or a list of them, as TOML wants it."""
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'


__all__ = ["BookFile", "write_book_file"]
