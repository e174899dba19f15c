"""From options of the command line to the options of the data layer."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import DataError, TunebookError
from tunebook.core.messages import say
from tunebook.core.params import allowed_text

if TYPE_CHECKING:
    from tunebook.data.options import DataOptions

_FLAGS = {"row_id": "--id", "label_names": "--label-name"}
_CHARACTERS = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}


def data_options(*groups: Any) -> DataOptions:
    """The data layer's options from records of command-line options whose fields bear the same names.

    Raises:
        TunebookError: `cli.option`, a value that its option does not take.
    """
    from tunebook.data.options import DataOptions

    given = {item.name: getattr(group, item.name) for group in groups for item in fields(group)}
    if "keep_clean" in given:
        given["clean"] = {
            **dict.fromkeys(given["clean"] or (), True),
            **dict.fromkeys(given.pop("keep_clean") or (), False),
        }
    known = {name: _read(name, value) for name, value in given.items() if name in DataOptions.model_fields}
    try:
        return DataOptions(**{name: value for name, value in known.items() if value is not None})
    except DataError as error:
        allowed = allowed_text(DataOptions.model_fields[error.key]) or say(f"cli.opt.{error.key}")
        raise wrong(flag(error.key), given[error.key], allowed) from None


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in ("annotators", "fill_down", "label_columns", "label_order", "no_label"):
        return listed(value)
    if name == "label_names":
        return dict(pair("--label-name", item) for item in value) or None
    if name == "delimiter":
        return _CHARACTERS.get(value.lower(), value)
    if name == "max_dropped":
        return share("--max-dropped", value)
    return value


def listed(text: str) -> list[str]:
    """Items of a text with commas, Chinese ones too."""
    return [item.strip() for item in text.replace("，", ",").replace("、", ",").split(",") if item.strip()]


def pair(name: str, text: str) -> tuple[str, str]:
    """Both sides of `KEY=VALUE`.

    Raises:
        TunebookError: `cli.option` where there is no equals sign, or nothing before it.
    """
    key, sign, value = text.replace("＝", "=").partition("=")
    if not sign or not key.strip():
        raise wrong(name, text, "NAME=VALUE")
    return key.strip(), value.strip()


def share(name: str, text: str) -> float:
    """A share from `5%` or `0.05`.

    Raises:
        TunebookError: `cli.option` for anything else.
    """
    from tunebook.tables.values import number

    found = number(text)
    if found is None:
        raise wrong(name, text, "5% | 0.05")
    return found


def flag(name: str) -> str:
    """How a field of the data options is called on the command line."""
    return _FLAGS.get(name, "--" + name.replace("_", "-"))


def wrong(name: str, value: Any, allowed: str) -> TunebookError:
    """The error of an option that does not take such a value."""
    return TunebookError("cli.option", key=name, value=value, allowed=allowed)


__all__ = ["data_options", "flag", "listed", "pair", "share", "wrong"]
