"""Tables as YAML."""

from __future__ import annotations

from typing import Any

import yaml

from tunebook.core.errors import TableError
from tunebook.core.nouns import ParamTable
from tunebook.tables.yaml_comments import Comments, yaml_comments

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
    return yaml_comments(text, lambda words: yaml.compose(words, Loader=_Loader))


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


__all__ = ["flat_yaml_bytes", "parse_yaml", "read_comments", "yaml_bytes"]
