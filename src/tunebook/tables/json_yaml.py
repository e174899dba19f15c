"""A table as JSON and as YAML.

YAML's readers drop comments, yet people write their reasons there: `learning_rate: 2e-5  # as in the paper`. A comment
on a row's own lines, or on the lines right above it, belongs to the row; all others belong to the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tunebook.core.errors import TableError
from tunebook.core.nouns import ParamTable
from tunebook.tables.document import ROWS, column

_KEPT = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")


class _Loader(yaml.SafeLoader):
    """Plain values stay text, for `read_value` to read: YAML 1.1 takes 2e-5 for text, 010 for 8 and off for false."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [item for item in items if item[0] in _KEPT]
        for first, items in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if str(key.value) in lines:
                raise TableError("row.twice", key=str(key.value), first=f"#{lines[str(key.value)]}", second=f"#{line}")
            lines[str(key.value)] = line
        return super().construct_mapping(node, deep)


def parse_yaml(text: str, path: str) -> Any:
    """What a YAML text holds, its numbers and truths as text.

    Raises:
        TableError: `table.broken` with line and column; `row.twice` for a name that stands there twice.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _broken(path, str(error.problem or error), *place) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _broken(path, str(error)) from error


def read_comments(text: str) -> Comments:
    """The comments of a text that `parse_yaml` has read."""
    return _yaml_comments(text, lambda words: yaml.compose(words, Loader=_Loader))


def _broken(path: str, reason: str, line: int = 1, column: int = 1) -> TableError:
    return TableError("table.broken", key=path, line=line, column=column, reason=reason)


def yaml_bytes(table: ParamTable) -> bytes:
    """A table in full as YAML, UTF-8."""
    return _bytes(table.model_dump(mode="json"))


def flat_yaml_bytes(table: ParamTable) -> bytes:
    """Names and values alone as YAML."""
    return _bytes(table.values())


def _bytes(data: Any) -> bytes:
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=120)).encode()


@dataclass(frozen=True)
class Comments:
    """What was written beside a table.

    Attributes:
        rows: name as written -> comment.
        rest: comments of the table as a whole.
    """

    rows: dict[str, str]
    rest: str = ""


def _yaml_comments(text: str, compose: Callable[[str], Any]) -> Comments:
    """The comments of a YAML text that can be read.

    Args:
        compose: gives the tree of nodes of a text.
    """
    found = dict(_comments(text))
    if not found:
        return Comments({})
    owners: dict[int, str] = {}
    for name, first, last in _spans(compose(text)):
        owners |= dict.fromkeys(range(first, last + 1), name)
    lines = text.splitlines()
    rows: dict[str, list[str]] = {}
    rest: list[str] = []
    for line, comment in found.items():
        below = line
        while below not in owners and below in found and lines[below].lstrip().startswith("#"):
            below += 1
        owner = owners.get(below)
        (rest if owner is None else rows.setdefault(owner, [])).append(comment)
    return Comments({name: "\n".join(said) for name, said in rows.items()}, "\n".join(rest))


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Line and comment of each: what stands between the tokens and is not white space."""
    end = line = 0
    for token in yaml.scan(text):
        for number, piece in enumerate(text[end : token.start_mark.index].splitlines()):
            words = piece[piece.find("#") :].strip("# \t") if "#" in piece else ""
            if words:
                yield line + number, words
        end, line = token.end_mark.index, token.end_mark.line


def _spans(node: Any) -> Iterator[tuple[str, int, int]]:
    """Name, first and last line of each row, in the forms that `document.from_data` knows."""
    if isinstance(node, yaml.MappingNode):
        node = next((value for key, value in node.value if str(key.value) in ROWS), node)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            fields = value.value if isinstance(value, yaml.MappingNode) else []
            if fields and not all(column(part.value) for part, _ in fields):
                first = key.start_mark.line  # of a technique: what stands above its name goes to its first row
                for part, item in fields:
                    last = max(first, _end(part, item))
                    yield f"{key.value}.{part.value}", first, last
                    first = last + 1
            else:
                yield str(key.value), key.start_mark.line, _end(key, value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            pairs = item.value if isinstance(item, yaml.MappingNode) else []
            cells = {column(key.value): value for key, value in pairs}
            if "name" in cells:
                yield str(cells["name"].value).strip(), item.start_mark.line, _last(item)


def _end(key: yaml.Node, value: yaml.Node) -> int:
    """The last line of a key with its value; what an alias stands for is elsewhere."""
    return _last(value) if value.start_mark.index > key.start_mark.index else int(key.end_mark.line)


def _last(node: Any) -> int:
    """The last line that a node itself stands on; its end mark may lie behind comments and empty lines."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        mark = node.end_mark
        return int(mark.line - (mark.column == 0 and mark.line > node.start_mark.line))
    last = node.value[-1]
    if isinstance(node, yaml.MappingNode):
        return _end(*last)
    return _last(last) if last.start_mark.index > node.start_mark.index else int(node.start_mark.line)


def parse_json(text: str, path: str) -> Any:
    """What a JSON text holds.

    Raises:
        TableError: `table.broken` with line and column; `row.twice` for a name that stands there twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise TableError("table.broken", key=path, line=error.lineno, column=error.colno, reason=error.msg) from error
    except (RecursionError, ValueError) as error:
        raise TableError("table.broken", key=path, line=1, column=1, reason=str(error)) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, (name, value) in enumerate(pairs, 1):
        if name in found:
            raise TableError("row.twice", key=name, first=f"#{list(found).index(name) + 1}", second=f"#{place}")
        found[name] = value
    return found


def json_bytes(table: ParamTable) -> bytes:
    """A table in full as indented JSON, UTF-8."""
    return (json.dumps(table.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n").encode()


def flat_json_bytes(table: ParamTable) -> bytes:
    """Names and values alone as one JSON object."""
    return (json.dumps(table.values(), indent=2, ensure_ascii=False) + "\n").encode()


__all__ = [
    "Comments",
    "flat_json_bytes",
    "flat_yaml_bytes",
    "json_bytes",
    "parse_json",
    "parse_yaml",
    "read_comments",
    "yaml_bytes",
]
