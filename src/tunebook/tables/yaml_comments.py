"""The comments of a YAML table: what they say of a row, and the rest.

YAML's readers drop comments, yet people write their reasons there: `learning_rate: 2e-5  # as in the paper`. A comment
on a row's own lines, or on the lines right above it, belongs to the row; all others belong to the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tunebook.tables.headings import ROWS, column


@dataclass(frozen=True)
class Comments:
    """What was written beside a table.

    Attributes:
        rows: name as written -> comment.
        rest: comments of the table as a whole.
    """

    rows: dict[str, str]
    rest: str = ""


def yaml_comments(text: str, compose: Callable[[str], Any]) -> Comments:
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


__all__ = ["Comments", "yaml_comments"]
