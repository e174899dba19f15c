"""Write the reference and the catalogue of techniques from the declarations, claims and speeds from their results; with
--check, fail where they are stale.

python scripts/make_docs.py [--check]
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from pathlib import Path

import claims
import performance
from claims import grid

from tunebook.core.facts import in_words
from tunebook.core.params import Declaration, declarations
from tunebook.core.registry import own_rows, tasks
from tunebook.core.technique import Technique
from tunebook.nets.peft import TESTED, nearest
from tunebook.tables import cheaper
from tunebook.tables.catalogue import FILE, entries, paragraphs, rivals, to_json
from tunebook.tables.declared import settings_rows, technique_rows, techniques

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "reference"
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
ENGLISH_TASKS = """
## Rows of tasks

Tables of books of a task have these rows beside those above; `none` of them leaves to the base model what it is.
"""
CHINESE_TASKS = """
## 任务自有的行

某项任务的 book，其参数表除上述各行外还有下列各行；`none` 表示沿用基座模型自身的方式。
"""
ENGLISH_TECHNIQUES = """
## Techniques

Any row of a technique switches it on with all its rows; `KEY=on` does so with the defaults, `KEY=off` takes it out.
Each has a page: what it does, what it costs, when to use it and when not, where it comes from, its rows.
"""
EFFICIENT = """# Parameter-efficient methods and architectures

Which method can be had with which base model, for each task. A test trains every pair and reads it back, or sees it
refused; this page is made from the same table by `python scripts/make_docs.py`; do not edit it.
[How to use them](../how-to/parameter-efficient.md)
"""
CHINESE_TECHNIQUES = """
## 技术

写出某项技术的任意一行即启用该技术及其全部行；`名称=on` 以默认值启用，`名称=off` 停用。
每项技术都有一页：作用、开销、何时使用、何时不用、来源以及全部行。
"""
CHINESE_HEAD = ("名称", "允许的取值", "默认值", "单位", "别名", "说明")
HEAD = ("Name", "Allowed", "Default", "Unit", "Other names", "Description")
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
    found = {FOLDER / "parameters.md": english(), FOLDER / "parameters.zh.md": chinese()}
    found[FOLDER / "parameter-efficient.md"] = efficient()
    for key, kind in techniques().items():
        found[FOLDER / "techniques" / f"{key}.md"] = technique_page(kind)
        found[FOLDER / "techniques" / "zh" / f"{key}.md"] = chinese_technique_page(kind)
    package = ROOT / "src" / "tunebook"
    listed = {package / FILE: to_json(entries(techniques())), package / cheaper.FILE: performance.cheaper()}
    docs = ROOT / "docs"
    measured = {docs / "claims.md": claims.page(), **{docs / name: text for name, text in performance.pages().items()}}
    measured |= {docs / "images" / name: text for name, text in performance.images().items()}
    return {**found, **listed, **measured}


def english() -> str:
    """The settings in English, and the list of techniques."""
    os.environ["TUNEBOOK_LANG"] = "en"
    kinds = sorted(techniques().items())
    lines = [(f"[{key}](techniques/{key}.md)", paragraphs(kind.__doc__ or "")[0]) for key, kind in kinds]
    listed = grid(("Technique", "What it does"), lines)
    settings = grid(HEAD, map(english_row, settings_rows().values()))
    return ENGLISH + settings + ENGLISH_TASKS + grid(HEAD, map(english_row, task_rows())) + ENGLISH_TECHNIQUES + listed


def task_rows() -> list[Declaration]:
    """The rows that single tasks have."""
    return [row for own in own_rows().values() for row in declarations(own)]


def technique_page(kind: type[Technique]) -> str:
    """The page of a technique: its docstring, what it needs and excludes, its rows."""
    os.environ["TUNEBOOK_LANG"] = "en"
    needs, excluded = ", ".join(in_words(kind.needs)) or "nothing", ", ".join(rivals(kind, techniques())) or "none"
    rows = [item for item in technique_rows().values() if item.owner == kind.key]
    text = f"{inspect.cleandoc(kind.__doc__ or '')}\n\nNeeds: {needs}. Not beside: {excluded}.\n"
    return f"# {kind.key}\n\n[中文](zh/{kind.key}.md)\n\n{text}" + grid(HEAD, map(english_row, rows))


def chinese_technique_page(kind: type[Technique]) -> str:
    """The same page in Chinese, each paragraph on a line, for a line's end is shown as a space."""
    os.environ["TUNEBOOK_LANG"] = "zh"
    needs, excluded = "、".join(in_words(kind.needs)) or "无", "、".join(rivals(kind, techniques())) or "无"
    rows = [item for item in technique_rows().values() if item.owner == kind.key]
    text = "\n\n".join([*paragraphs(kind.zh), f"需要：{needs}。不能同时使用：{excluded}。\n"])
    return f"# {kind.key}\n\n[English](../{kind.key}.md)\n\n{text}" + grid(CHINESE_HEAD, map(chinese_row, rows))


def efficient() -> str:
    """Task, method, architecture: yes, or the nearest method."""
    parts = [EFFICIENT]
    for name, task in sorted(tasks().items()):
        keys = [key for key, kind in sorted(techniques().items()) if kind.exclusive == "peft"]
        possible = [key for key in keys if techniques()[key].needs <= task.gives]
        if possible:
            rows = [
                (f"[{key}](techniques/{key}.md)", *(fit(key, kind, task.gives) for kind in TESTED)) for key in possible
            ]
            parts.append(f"\n## {name}\n{grid(('Method', *TESTED), rows)}")
    return "".join(parts)


def fit(key: str, kind: str, gives: frozenset[str]) -> str:
    """Whether a method can be had with an architecture, and what can be had instead."""
    other = nearest(key, kind, gives)
    return f"no: {other}" if other else "yes"


def chinese() -> str:
    """The settings in Chinese, and the list of techniques."""
    os.environ["TUNEBOOK_LANG"] = "zh"
    kinds = sorted(techniques().items())
    listed = grid(
        ("技术", "作用"), [(f"[{key}](techniques/zh/{key}.md)", paragraphs(kind.zh)[0]) for key, kind in kinds]
    )
    settings, own = (grid(CHINESE_HEAD, map(chinese_row, rows)) for rows in (settings_rows().values(), task_rows()))
    return CHINESE + settings + CHINESE_TASKS + own + CHINESE_TECHNIQUES + listed


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
