"""Whether answers have the form that was asked for: one of a list of words, or JSON by a schema."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunebook.core.errors import DataError, MachineError
from tunebook.core.files import text_lines


@dataclass(frozen=True)
class Form:
    """A form that answers are to have.

    Attributes:
        choices: the answers that there are; empty for a schema.
        schema: of JSON; None for choices.
    """

    choices: frozenset[str] = frozenset()
    schema: Any = None

    @classmethod
    def read(cls, path: Path) -> Form:
        """From a file: a JSON schema, a JSON list of choices, or of any other kind a choice a line.

        Raises:
            DataError: `review.form`, the file is none of these. MachineError: `machine.extra`: a schema is given, and
                jsonschema is not installed.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
            given = json.loads(text) if path.suffix.lower() == ".json" else text_lines(text)
        except (OSError, ValueError) as error:
            raise DataError("review.form", key=str(path), value=str(error).splitlines()[0]) from error
        if isinstance(given, list):
            choices = frozenset(str(item).strip() for item in given if str(item).strip())
            if not choices:
                raise DataError("review.form", key=str(path), value="0")
            return cls(choices)
        if not isinstance(given, dict | bool):
            raise DataError("review.form", key=str(path), value=type(given).__name__)
        _checked(given, path)
        return cls(schema=given)

    def valid(self, text: str) -> bool:
        """Whether an answer has the form, blanks at its ends aside; a schema is asked of the whole answer."""
        if self.schema is None:
            return text.strip() in self.choices
        try:
            said = json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            return False
        return bool(_validator(self.schema).is_valid(said))


def _no_number(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _library() -> Any:
    try:
        import jsonschema
    except ImportError as error:
        raise MachineError("machine.extra", key="jsonschema", extra="review") from error
    return jsonschema


def _validator(schema: Any) -> Any:
    return _library().validators.validator_for(schema)(schema)


def _checked(schema: Any, path: Path) -> None:
    library = _library()
    try:
        library.validators.validator_for(schema).check_schema(schema)
    except library.exceptions.SchemaError as error:
        raise DataError("review.form", key=str(path), value=error.message) from error


__all__ = ["Form"]
