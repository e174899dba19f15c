"""What a Python call of a verb is given, held against the verb's signature before anything is done.

One rule for all verbs: a value of the right type passes; what says the same in another form is taken as such (a path
that is a string, a generator of texts, a number of NumPy); anything else is refused in the user's words. Above all a
string is no list: it would be taken letter by letter.
"""

from __future__ import annotations

import inspect
import os
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from tunebook.core.errors import TunebookError, near
from tunebook.core.messages import has_words, say

Names = Callable[[str], Any]
_NUMBERS = (bool, int, float)


@dataclass(frozen=True)
class Among:
    """In `Annotated`: each item must be one of these."""

    names: tuple[str, ...]


Allow = Annotated[frozenset[str], Among(("pickle", "unknown_tokens"))]


class _MisfitError(Exception):
    """A value does not fit; `value` is the part that does not, `wanted` what should stand there."""

    def __init__(self, value: Any, wanted: Any) -> None:
        super().__init__()
        self.value, self.wanted = value, wanted


def checked(verb: Callable[..., Any], names: Names) -> Callable[..., Any]:
    """A verb that refuses what does not fit its signature.

    Args:
        names: gives the public classes that annotations name, which the verb's own module may not have imported.

    Raises (when called):
        TunebookError: `call.arguments`, `call.type`, `call.among`.
    """
    signature = inspect.signature(verb)

    @wraps(verb)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            shown = f"{verb.__name__}({', '.join(signature.parameters)})"
            raise TunebookError("call.arguments", key=verb.__name__, reason=str(error), shown=shown) from None
        for name, value in bound.arguments.items():
            parameter = signature.parameters[name]
            hint = _resolved(verb, name, parameter.annotation, names)
            if parameter.kind is parameter.VAR_KEYWORD:
                bound.arguments[name] = _keywords(verb, value, hint, names)
            elif value is not parameter.default:
                bound.arguments[name] = _fitted(verb, name, value, hint)
        return verb(*bound.args, **bound.kwargs)

    return called


def _resolved(owner: Any, name: str, annotation: Any, names: Names) -> Any:
    """An annotation as a type; Any where it names something that cannot be found."""
    module = inspect.getmodule(owner)
    place = types.SimpleNamespace(__annotations__={name: annotation})
    found = dict(vars(module)) if module else {}
    while True:
        try:
            return typing.get_type_hints(place, found, include_extras=True)[name]
        except NameError as error:
            missing = str(error.name)
            if missing in found or (known := names(missing)) is None:
                return Any
            found[missing] = known


def _keywords(verb: Callable[..., Any], given: dict[str, Any], hint: Any, names: Names) -> dict[str, Any]:
    """Further keywords, which a TypedDict declares."""
    declared = get_args(hint)[0]
    for name in given:
        if name not in declared.__annotations__:
            allowed = ", ".join(declared.__annotations__)
            raise TunebookError(
                "call.keyword",
                key=verb.__name__,
                value=name,
                allowed=allowed,
                near=near(name, declared.__annotations__),
            )
    hints = {name: _resolved(declared, name, declared.__annotations__[name], names) for name in given}
    return {name: _fitted(verb, name, value, hints[name]) for name, value in given.items()}


def _fitted(verb: Callable[..., Any], name: str, value: Any, hint: Any) -> Any:
    try:
        return fit(value, hint)
    except _MisfitError as misfit:
        key, wanted = f"{verb.__name__}: {name}", misfit.wanted
        if isinstance(wanted, Among):
            allowed = " | ".join(wanted.names)
            raise TunebookError("call.among", key=key, value=misfit.value, allowed=allowed) from None
        fields = {"kind": type(misfit.value).__name__, "way": _way(misfit.value, wanted)}
        raise TunebookError("call.type", key=key, value=misfit.value, allowed=described(wanted), **fields) from None


def _way(value: Any, wanted: Any) -> str:
    """How one comes by what is wanted; empty where that is plain."""
    parts = [f"call.way.{getattr(part, '__name__', '')}" for part in (wanted, *get_args(wanted))]
    listed = isinstance(value, str) and "list of" in described(wanted)
    return next((say(part) for part in parts if has_words(part)), say("call.way.list") if listed else "")


def fit(value: Any, hint: Any) -> Any:
    """A value as the hint has it.

    Raises:
        _MisfitError: it is something else.
    """
    origin = get_origin(hint)
    if origin is Annotated:
        return _among(fit(value, get_args(hint)[0]), get_args(hint)[1:])
    if hint is None or hint is type(None):
        return _exact(value, value is None, hint)
    if origin in (Union, types.UnionType):
        return _first(value, get_args(hint), hint)
    if origin is Literal:
        return _exact(value, any(value == item and type(value) is type(item) for item in get_args(hint)), hint)
    if hint in _NUMBERS:
        return _number(value, hint)
    if hint is Path:
        return Path(_exact(value, isinstance(value, str | os.PathLike), hint))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(value, hint)
    if isinstance(origin, type) and issubclass(origin, Sequence | Set):
        return _items(value, hint, origin)
    if hint is Any or origin is not None or not isinstance(hint, type):
        return value  # a function, a variable of types: nothing that users mix up
    return _instance(value, hint)


def _exact(value: Any, fits: bool, hint: Any) -> Any:
    if not fits:
        raise _MisfitError(value, hint)
    return value


def _first(value: Any, hints: Sequence[Any], whole: Any) -> Any:
    """The first of several types that fits; where a list is one of them and an item is wrong, the item is told."""
    inner = None
    for hint in hints:
        try:
            return fit(value, hint)
        except _MisfitError as misfit:
            inner = misfit if misfit.value is not value or isinstance(misfit.wanted, Among) else inner
    raise inner or _MisfitError(value, whole)


def _number(value: Any, hint: type) -> Any:
    """A number of the very kind: a truth is no number, and a number is no truth."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = value.item()
    kinds = {bool: (bool,), int: (int,), float: (int, float)}[hint]
    return hint(_exact(value, type(value) in kinds, hint))


def _mapping(value: Any, hint: Any) -> Any:
    _exact(value, isinstance(value, Mapping), hint)
    key, item = get_args(hint)
    return {fit(name, key): fit(part, item) for name, part in value.items()}


def _items(value: Any, hint: Any, origin: type) -> Any:
    """A list, a tuple, a set, an array, a generator: but no string, which would be taken letter by letter."""
    single = isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable)
    _exact(value, not single and len(getattr(value, "shape", (0,))) == 1, hint)
    if origin is tuple:
        items = get_args(hint)
        parts = list(value)
        items = items[:1] * len(parts) if items[-1] is Ellipsis else items
        _exact(value, len(parts) == len(items), hint)
        return tuple(fit(part, item) for part, item in zip(parts, items, strict=True))
    fitted = [fit(part, get_args(hint)[0]) for part in value]
    return frozenset(fitted) if issubclass(origin, Set) else fitted


def _among(value: Any, marks: Iterable[Any]) -> Any:
    for mark in marks:
        if isinstance(mark, Among):
            for item in value:
                _exact(item, item in mark.names, mark)
    return value


def _instance(value: Any, hint: Any) -> Any:
    if getattr(hint, "_is_protocol", False):
        wanted = [name for name in vars(hint) if not name.startswith("_")]
        return _exact(value, all(hasattr(value, name) for name in wanted), hint)
    _exact(value, isinstance(value, hint), hint)
    if is_dataclass(hint) and not isinstance(value, type):
        return _record(value, hint)
    return value


def _record(value: Any, hint: Any) -> Any:
    """A record of plain fields, which Python itself does not check."""
    found = {item.name: getattr(value, item.name) for item in fields(hint) if item.init}
    hints = {name: _resolved(hint, name, hint.__annotations__.get(name, Any), lambda _: None) for name in found}
    fitted = {name: fit(part, hints[name]) for name, part in found.items()}
    changed = {name: part for name, part in fitted.items() if type(part) is not type(found[name])}
    return replace(value, **changed) if changed else value


def described(hint: Any) -> str:
    """A type in words that a Python user knows: `list of str`, `int | None`."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return described(args[0])
    if hint is None or hint is type(None):
        return "None"
    if origin in (Union, types.UnionType):
        return " | ".join(dict.fromkeys(described(item) for item in args))
    if origin is Literal:
        return " | ".join(map(repr, args))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"dict of {described(args[0])} to {described(args[1])}"
    if isinstance(origin, type) and issubclass(origin, Sequence | Set):
        name = "set" if issubclass(origin, Set) else "tuple" if origin is tuple else "list"
        return f"{name} of {described(args[0])}"
    return "anything" if hint is Any else str(getattr(hint, "__name__", hint))


__all__ = ["Allow", "Among", "checked", "described", "fit"]
