"""Write the reference of all parameters from their declarations; with --check, fail where it is stale.

python scripts/make_docs.py [--check]
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tunebook.core.params import Declaration
from tunebook.tables.declared import settings_rows, technique_rows, techniques

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
ENGLISH = """# Parameters

Every row that a parameter table may hold. This page is made from the declarations by `python scripts/make_docs.py`;
do not edit it. [中文](parameters.zh.md)

Numbers may be written as `2e-5`, `5%` (for fractions) or `1,000` (for whole numbers); `none` leaves a row unset where
that is allowed. Other names are accepted for the names that other tools use, and a table says what it renamed.

## Training settings

Every table has these rows.
"""
CHINESE = """# 参数

参数表可以包含的全部行。本页由 `python scripts/make_docs.py` 根据声明生成，请勿手工修改。[English](parameters.md)

数值可写作 `2e-5`、`5%`（小数）或 `1,000`（整数）；在允许时，`none`（或“无”）表示不设定。
“别名”是其他工具使用的名称，同样可以接受，改名情况会记录在参数表中。

## 训练设置

每张参数表都有这些行。
"""
ENGLISH_TECHNIQUES = """
## Techniques

Any row of a technique switches it on with all its rows; `KEY=on` does so with the defaults, `KEY=off` takes it out.
"""
CHINESE_TECHNIQUES = """
## 技术

写出某项技术的任意一行即启用该技术及其全部行；`名称=on` 以默认值启用，`名称=off` 停用。
"""
UNITS = {
    "rows": "条",
    "passes": "次",
    "epochs": "轮",
    "steps": "步",
    "tokens": "词元",
    "looks": "次",
    "layers": "层",
}


def main() -> int:
    """Write the pages, or say which are stale."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a page is stale")
    check = parser.parse_args().check
    stale = [path for path, text in pages().items() if not path.is_file() or path.read_text("utf-8") != text]
    for path in stale:
        print(f"{'stale' if check else 'written'}: {path.name}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(pages()[path], "utf-8")
    return 1 if check and stale else 0


def pages() -> dict[Path, str]:
    """Path -> text of each page."""
    return {FOLDER / "parameters.md": english(), FOLDER / "parameters.zh.md": chinese()}


def english() -> str:
    """The page in English; a technique has its docstring in front of its rows."""
    os.environ["TUNEBOOK_LANG"] = "en"
    head = ("Name", "Allowed", "Default", "Unit", "Other names", "Description")
    return page((ENGLISH, ENGLISH_TECHNIQUES), head, english_row, lambda kind: inspect.cleandoc(kind.__doc__ or ""))


def chinese() -> str:
    """The page in Chinese."""
    os.environ["TUNEBOOK_LANG"] = "zh"
    head = ("名称", "允许的取值", "默认值", "单位", "别名", "说明")
    return page((CHINESE, CHINESE_TECHNIQUES), head, chinese_row, lambda kind: "")


def page(
    texts: tuple[str, str],
    head: tuple[str, ...],
    row: Callable[[Declaration], tuple[str, ...]],
    about: Callable[[type], str],
) -> str:
    """A page: the settings, then a section for each technique."""
    parts = [texts[0], grid(head, map(row, settings_rows().values()))]
    known = techniques()
    if known:
        parts.append(texts[1])
    for key in sorted(known):
        rows = [item for item in technique_rows().values() if item.owner == key]
        words = about(known[key])
        parts += [f"\n### {key}\n\n", f"{words}\n\n" if words else "", grid(head, map(row, rows))]
    return "".join(parts)


def grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    body = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"\n{body}\n"


def english_row(item: Declaration) -> tuple[str, ...]:
    """The cells of a parameter."""
    return *_cells(item, item.allowed, item.row.unit), item.row.text


def chinese_row(item: Declaration) -> tuple[str, ...]:
    """The cells of a parameter, in Chinese; choices keep their names."""
    return *_cells(item, item.allowed, UNITS.get(item.row.unit, item.row.unit)), item.row.zh


def _cells(item: Declaration, allowed: str, unit: str) -> tuple[str, ...]:
    default = str(item.default).lower() if item.default is None or isinstance(item.default, bool) else str(item.default)
    aliases = ", ".join(f"`{alias}`" for alias in item.row.aliases)
    return f"`{item.name}`", allowed, f"`{default}`", unit, aliases


if __name__ == "__main__":
    sys.exit(main())
