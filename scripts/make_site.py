"""Build the documentation as a site, English and Chinese, with search: `make site`, or this file with a folder.

    python scripts/make_site.py [FOLDER]

The pages are those of the repository, at the same places, so that their links hold; files that they link to are copied
beside them. The Chinese half lies in `zh/`: a page that has no Chinese twin is shown there in English. Nothing is asked
of the network, neither here nor by a reader's browser.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TOP = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")
TWINS = (".zh-CN.md", ".zh.md")
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
WORDS = {
    "en": {"how": "How to", "reference": "Reference", "why": "Why", "more": "More", "techniques": "Techniques"},
    "zh": {"how": "操作指南", "reference": "参考", "why": "设计理由", "more": "其他", "techniques": "技术"},
}


def pages() -> list[Path]:
    """The English pages, relative to the repository."""
    inside = sorted(path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md"))
    return [Path(name) for name in TOP] + [path for path in inside if not path.name.endswith(TWINS)]


def twin(page: Path) -> Path | None:
    """The Chinese twin of an English page."""
    found = (page.with_name(page.stem + ending) for ending in TWINS)
    return next((path for path in found if (ROOT / path).is_file()), None)


def english(page: Path) -> Path:
    """The page that a twin belongs to; an English one itself."""
    for ending in TWINS:
        if page.name.endswith(ending):
            return page.with_name(page.name.removesuffix(ending) + ".md")
    return page


def assemble(into: Path, language: str) -> None:
    """Write the pages of one language, and what they link to, into a folder."""
    for page in pages():
        source = (twin(page) if language == "zh" else None) or page
        text = (ROOT / source).read_text(encoding="utf-8")
        place = into / page
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_LINK.sub(partial(_link, source=source, language=language, into=into), text), encoding="utf-8")


def _link(found: re.Match[str], source: Path, language: str, into: Path) -> str:
    """A link as it holds in the site: to a page of this language, to the other half, or to a file beside it."""
    words, target, anchor = found[1], found[2], found[3] or ""
    if "://" in target or target.startswith(("mailto:", "/")):
        return found[0]
    path = Path(os.path.normpath(source.parent / target))
    if not (ROOT / path).is_file():
        return found[0]
    if path.suffix != ".md":
        (into / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, into / path)
        return found[0]
    other = "zh" if path.name.endswith(TWINS) else "en"
    if language == other or (language == "zh" and english(path) != english(source)):
        return f"[{words}]({os.path.relpath(english(path), source.parent)}{anchor})"
    half = Path("zh") / english(path) if language == "en" else Path("..") / path
    return f'<a href="{os.path.relpath(_html(half), source.parent)}{anchor}">{words}</a>'


def _html(page: Path) -> Path:
    return page.with_name("index.html") if page.name == "README.md" else page.with_suffix(".html")


def navigation(language: str) -> list[Any]:
    """What stands at the side: how-tos in the order of docs/README.md."""
    words, known = WORDS[language], pages()
    order = re.findall(r"\((how-to/[\w-]+\.md)\)", (ROOT / "docs" / "README.md").read_text(encoding="utf-8"))
    how = [f"docs/{name}" for name in dict.fromkeys(order)]

    def under(folder: str) -> list[str]:
        return [page.as_posix() for page in known if page.parent.as_posix() == folder]

    reference = [*under("docs/reference"), {words["techniques"]: under("docs/reference/techniques")}]
    why = [page for page in under("docs/why")]
    first = ["README.md", "docs/tutorial.md"]
    listed = {*first, *how, *why, *under("docs/reference"), *under("docs/reference/techniques")}
    rest = [page.as_posix() for page in known if page.as_posix() not in listed]
    return [*first, {words["how"]: how}, {words["reference"]: reference}, {words["why"]: why}, {words["more"]: rest}]


def config(source: Path, site: Path, language: str) -> dict[str, Any]:
    """The configuration of one half."""
    back = "../" if language == "zh" else ""
    return {
        "site_name": "Tunebook",
        "docs_dir": str(source),
        "site_dir": str(site),
        "use_directory_urls": False,
        "theme": {
            "name": "material",
            "language": language,
            "font": False,
            "features": ["navigation.top", "navigation.indexes", "search.highlight", "content.code.copy", "toc.follow"],
            "palette": [
                {"media": "(prefers-color-scheme: light)", "scheme": "default", "primary": "indigo"},
                {"media": "(prefers-color-scheme: dark)", "scheme": "slate", "primary": "indigo"},
            ],
        },
        "plugins": {"search": {"lang": ["en", "zh"]}},
        "markdown_extensions": [
            "tables",
            "toc",
            "admonition",
            "pymdownx.superfences",
            "pymdownx.highlight",
            "sane_lists",
        ],
        "extra": {
            "generator": False,
            "alternate": [
                {"name": "English", "link": back or "./", "lang": "en"},
                {"name": "中文", "link": "./" if back else "zh/", "lang": "zh"},
            ],
        },
        "validation": {
            "links": {"unrecognized_links": "ignore", "anchors": "ignore"},
            "nav": {"omitted_files": "ignore"},
        },
        "nav": navigation(language),
        "strict": True,
    }


def build(site: Path) -> Iterator[str]:
    """Build both halves; yields what is done.

    Raises:
        mkdocs.exceptions.Abort: a link of a page leads nowhere.
    """
    import yaml
    from mkdocs.commands.build import build as make
    from mkdocs.config import load_config

    logging.getLogger("mkdocs").setLevel(logging.WARNING)
    for language, place in (("en", site), ("zh", site / "zh")):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "pages"
            assemble(source, language)
            file = Path(folder) / "mkdocs.yml"
            file.write_text(
                yaml.safe_dump(config(source, place.resolve(), language), allow_unicode=True), encoding="utf-8"
            )
            make(load_config(str(file)))
        yield f"{language}: {len(list(place.glob('**/*.html')))} pages in {place}"


if __name__ == "__main__":
    for line in build(Path(sys.argv[1] if len(sys.argv) > 1 else "site")):
        print(line)
