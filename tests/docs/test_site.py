"""The site has every page in both halves, and links that hold in it. `make check` builds it, and fails where one leads
nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts import make_site


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {language: tmp_path_factory.mktemp(language) for language in ("en", "zh")}
    for language, folder in found.items():
        make_site.assemble(folder, language)
    return found


def test_every_page_stands_in_both_halves(halves: dict[str, Path]) -> None:
    names = {page.as_posix() for page in make_site.pages()}
    assert "docs/how-to/serve.md" in names and not any(name.endswith(make_site.TWINS) for name in names)
    for folder in halves.values():
        assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.md")} == names
    assert "微调" in (halves["zh"] / "README.md").read_text(encoding="utf-8")


def test_links_lead_to_pages_of_their_half_and_to_the_other(halves: dict[str, Path]) -> None:
    english = (halves["en"] / "docs/tutorial.md").read_text(encoding="utf-8")
    chinese = (halves["zh"] / "docs/tutorial.md").read_text(encoding="utf-8")
    assert '<a href="../zh/docs/tutorial.html">' in english and '<a href="../../docs/tutorial.html">' in chinese
    both = english + chinese
    assert ".zh-CN.md" not in both and (halves["en"] / "LICENSE").is_file()


def test_the_side_names_every_page_once() -> None:
    for language in ("en", "zh"):
        found = [page for page in _flat(make_site.navigation(language))]
        assert len(found) == len(set(found)) and set(found) == {page.as_posix() for page in make_site.pages()}


def _flat(items: list[object]) -> list[str]:
    found: list[str] = []
    for item in items:
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            found += [page for part in item.values() for page in _flat(part)]
    return found


def test_nothing_is_asked_of_another_host(tmp_path: Path) -> None:
    made = make_site.config(tmp_path, tmp_path, "zh")
    assert made["theme"]["font"] is False and made["strict"] and "http" not in str(made)
    assert made["theme"]["language"] == "zh" and made["plugins"]["search"]["lang"] == ["en", "zh"]
