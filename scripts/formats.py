"""docs/reference/formats.md: what `init` makes of every file of a folder of exports.

python scripts/formats.py FOLDER
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from claims import grid

from tunebook.core.errors import TunebookError
from tunebook.core.formatting import phrase
from tunebook.core.nouns import DataRef
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "formats.md"
HEAD = """# What is made of each format

Files that annotation tools, libraries, spreadsheets and statistics programs wrote, and what `tunebook init` makes of
each without an option. Where a file is refused and the message names an option that reads it, what then comes is in the
same line. This page is made by `python scripts/formats.py FOLDER` from a folder of {files} such files; do not edit it.
[How files are read](../how-to/data-files.md)

{read} are read, {told} are read with the one option that the message names, {refused} are refused.
"""
COLUMNS = ("File", "Format", "What happens")
PACKAGES = ("state.json", "dataset_dict.json")  # a folder with one of these is a data set as a whole
# Code of a refusal -> the options that its message names.
NAMED: dict[str, Callable[[TunebookError], tuple[str, dict[str, Any]]]] = {
    "format.questions": lambda error: _label(error.allowed.split(", ")[0]),
    "format.answers": lambda error: _label(str(error.fields["column"])),
    "format.intent": lambda error: _label("cats"),
    "format.writing": lambda error: _task(str(error.fields["choose"])),
    "format.chat": lambda error: _task(str(error.fields["choose"])),
    "format.preference": lambda error: _task(str(error)),
    "data.span_overlap": lambda error: _option("overlaps", "longest"),
    "data.tags_numbered": lambda error: (
        "--label-name 0=O --label-name 1=B-X and so on",
        {"label_names": {number: f"B-{number}" if int(number) else "O" for number in error.value.split(", ")}},
    ),
    "data.dropped": lambda error: ("--max-dropped 60%", {"max_dropped": 0.6}),
    "data.sheets": lambda error: _option("sheet", error.allowed.split(", ")[0]),
    "data.hidden": lambda error: _option("hidden", "drop"),
    "data.filtered": lambda error: _option("hidden", "drop"),
    "data.blocks": lambda error: (f"--fill-down {error.key}", {"fill_down": [error.key]}),
    "data.label_dates": lambda error: (
        "--label-name OLD=NEW for each class",
        {"label_names": {name: name for name in error.fields["classes"]}},
    ),
    "data.label_unclear_columns": lambda error: _columns(str(error.fields["names"])),
    "data.label_unclear_numbered": lambda error: _columns(str(error.fields["names"])),
}


def main() -> int:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    os.environ["TUNEBOOK_LANG"] = "en"
    folder = parser.parse_args().folder.resolve()
    found = [(str(path.relative_to(folder)), *happens(path)) for path in sources(folder)]
    text = HEAD.format(
        files=len(found), **{end: sum(one[1] == end for one in found) for end in ("read", "told", "refused")}
    )
    for part in dict.fromkeys(name.partition("/")[0] for name, *_ in found):
        lines = [(f"`{name}`", kind, said) for name, _, kind, said in found if name.startswith(f"{part}/")]
        text += f"\n## {part}\n\n{grid(COLUMNS, lines)}"
    PAGE.write_text(text, encoding="utf-8")
    return 0


def sources(folder: Path) -> Iterator[Path]:
    """Every file, and every folder that is one data set in place of its files."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not any((path / name).is_file() for name in PACKAGES):
            yield from sources(path)
        else:
            yield path


def happens(path: Path) -> tuple[str, str, str]:
    """How it ended (`read`, `told`, `refused`), the format, and what happened in words."""
    try:
        ref = prepared(path, {})
        return "read", kind(ref), rows(ref)
    except TunebookError as error:
        said = error.message.split("\n")[0].replace(str(path), "it").removesuffix(":")
        refusal = f"refused, `{error.code}`: {said.rstrip('.') if len(said) < 160 else said[:159] + '…'}."
        format_ = str(error.fields.get("tool", error.fields.get("program", "")))
        if error.code not in NAMED:
            return "refused", format_, refusal
        flag, options = NAMED[error.code](error)
        if not options:
            return "refused", format_, refusal
    try:
        ref = prepared(path, options)
    except TunebookError as error:
        return "refused", format_, f"{refusal} With `{flag}`: refused, `{error.code}`"
    return "told", kind(ref), f"{refusal} With `{flag}`: {rows(ref)}"


def prepared(path: Path, options: dict[str, Any]) -> DataRef:
    """The rows as `init` freezes them."""
    with tempfile.TemporaryDirectory() as place:
        return prepare([path], Path(place) / "data", DataOptions(**options))


def kind(ref: DataRef) -> str:
    """The tool, else the format."""
    (notes,) = ref.stats["files"].values()
    return str(notes.get("tool", notes["format"]))


def rows(ref: DataRef) -> str:
    """Columns, problem, classes and rows."""
    names = ", ".join(ref.labels.names[:8]) + (" …" if len(ref.labels.names) > 8 else "")
    left = [f"{phrase('ledger', reason)}: {count}" for reason, count in ref.stats["ledger"]["dropped"].items()]
    people = f", votes of {len(ref.roles.annotators)} annotators" if ref.roles.annotators else ""
    pair = f" + `{ref.roles.text_pair}`" if ref.roles.text_pair else ""
    parts = [
        f"`{ref.roles.text}`{pair} → `{ref.roles.label}`{people}",
        f"{phrase('problem', ref.labels.problem)}{f' ({names})' if names else ''}",
        f"{sum(ref.rows.values())} rows" + (f" (left out: {', '.join(left)})" if left else ""),
    ]
    return "; ".join(parts).replace("|", "\\|")


def _task(words: str) -> tuple[str, dict[str, Any]]:
    """The first task that a message names; one that no message names is no way out."""
    found = re.search(r"--task (\w+)", words)
    return _option("task", found[1]) if found else ("", {})


def _label(name: str) -> tuple[str, dict[str, Any]]:
    return _option("label", name)


def _columns(names: str) -> tuple[str, dict[str, Any]]:
    """Columns as the message names them, in quotation marks where there is a blank in one."""
    return f"--label-columns {names}", {"label_columns": shlex.split(names)[0].split(",")}


def _option(name: str, value: str) -> tuple[str, dict[str, Any]]:
    return f"--{name} {value}", {name: value}


if __name__ == "__main__":
    raise SystemExit(main())
