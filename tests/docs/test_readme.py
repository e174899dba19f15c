"""The documents say what is so: their commands parse or run, their links lead somewhere, both READMEs agree."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CHINESE = [page for page in PAGES if page.name.endswith(".zh-CN.md") and page.parent != ROOT]
RUN = [ROOT / "README.md", ROOT / "docs" / "tutorial.md"]
LANGUAGES = {"bash", "console", "python", "text", "toml"}
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"<!-- not run in tests: (\S.*?) -->\n\Z")
_SPAN = re.compile(r"`(tunebook(?: [^`]*)?)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_SHELL = {"|", "||", "&&", ";", ">", "<"}
_OTHER_COMMANDS = {"accelerate", "make", "pip", ".", "cat", "cp", "export", "python", "torchrun"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and text, and why tests do not run it (empty if they do)."""

    page: Path
    language: str
    text: str
    mark: str


@cache
def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        mark = _MARK.search(text[: match.start()])
        found.append(Block(page, match[1], match[2], mark[1] if mark else ""))
    return found


def prose(page: Path) -> str:
    """A page without its blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def commands(block: Block) -> list[list[str]]:
    """The commands of a block of shell, each without variables in front of it."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [part for line in lines for part in split(line)]


def split(line: str) -> Iterator[list[str]]:
    """The simple commands of a line."""
    lexer = shlex.shlex(line, posix=False, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word not in _SHELL:
            words.append("".join(shlex.split(word)))
            continue
        while words and re.match(r"[A-Z_]+=", words[0]):
            words.pop(0)
        if words:
            yield words
        words = []


def shell_blocks() -> Iterator[Block]:
    return (block for page in PAGES for block in blocks(page) if block.language in ("bash", "console"))


def refuse(words: list[str], *, whole: bool = True) -> str:
    """What the parser has against a command of Tunebook; the command itself is not run."""
    from tunebook.cli.app import application
    from tunebook.cli.entry import COMMON
    from tunebook.core.errors import TunebookError

    words = [word for word in words if word not in (*COMMON, "--help", "--version")]
    command: Any = application()
    try:
        while words and hasattr(command, "list_commands") and not words[0].startswith("-"):
            command = command.get_command(None, words.pop(0))
            if command is None:
                return "no such command"
        command.make_context("tunebook", words)
    except TunebookError as error:
        return error.code
    except Exception as error:
        if type(error).__name__ in ("MissingParameter", "NoArgsIsHelpError") and not whole:
            return ""
        return f"{type(error).__name__}: {error}"
    return ""


def test_the_parser_here_refuses_what_is_wrong() -> None:
    assert refuse(["train", "book", "--set", "seed=1", "--json"]) == ""
    assert refuse(["table", "set", "book", "seed=1"]) == ""
    assert refuse(["train", "book", "--sets", "seed=1"])
    assert refuse(["trian", "book"])
    assert refuse(["table", "sets", "book"])
    assert refuse(["init", "book"]) and not refuse(["init", "book"], whole=False)
    assert list(split("A=b cat x | tunebook predict 'a ; b' - # why")) == [
        ["cat", "x"],
        ["tunebook", "predict", "a ; b", "-"],
    ]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_blocks_are_of_known_languages(page: Path) -> None:
    assert {block.language for block in blocks(page)} <= LANGUAGES
    assert page.read_text(encoding="utf-8").count("\n```") % 2 == 0
    assert all(tomllib.loads(block.text) for block in blocks(page) if block.language == "toml")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_line_parses(page: Path) -> None:
    faults = {}
    for block in blocks(page):
        if block.language not in ("bash", "console"):
            continue
        for words in commands(block):
            assert words[0] == "tunebook" or words[0] in _OTHER_COMMANDS, f"who knows the command {words}?"
            if words[0] == "tunebook" and (fault := refuse([word for word in words[1:] if word != "…"])):
                faults[" ".join(words)] = fault
    for span in _SPAN.findall(prose(page)):
        words = shlex.split(span)[1:]
        if fault := refuse(words, whole=False):
            faults[span] = fault
    assert faults == {}


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {words[1] for block in shell_blocks() for words in commands(block) if words[0] == "make"}
    named |= {target for page in PAGES for target in re.findall(r"`make ([a-z]+)", prose(page))}
    assert {"demo", "test"} <= named <= targets


def test_every_extra_and_script_that_is_named_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    extras = {extra for text in texts for group in re.findall(r"\.\[([a-z,]+)\]'", text) for extra in group.split(",")}
    assert {"demo"} <= extras <= set(project["optional-dependencies"])
    scripts = {script for text in texts for script in re.findall(r"python ((?:benchmarks|scripts)/\w+\.py)", text)}
    assert scripts and all((ROOT / script).is_file() for script in scripts)


def test_python_blocks_compile_and_name_what_there_is() -> None:
    import importlib

    import tunebook

    for block in (block for page in PAGES for block in blocks(page) if block.language == "python"):
        tree = ast.parse(block.text)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tunebook"):
                module = importlib.import_module(node.module or "")
                assert all(hasattr(module, item.name) for item in node.names), block.text
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tb":
                assert node.attr in tunebook.__all__


def test_every_public_name_is_there() -> None:
    import tunebook

    assert all(getattr(tunebook, item) is not None for item in tunebook.__all__)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(prose(page)):
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = _HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_document_is_in_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    reference = ROOT / "docs" / "reference"
    lists = (index, reference / "parameters.md", reference / "parameters.zh.md")  # these link each technique's page
    linked = {(page.parent / link).resolve() for page in lists for link in _LINK.findall(page.read_text("utf-8"))}
    assert {page for page in PAGES if page != index} <= linked


def test_the_readme_is_short_and_begins_with_two_commands() -> None:
    page = ROOT / "README.md"
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 150
    assert blocks(page)[0].text == "make demo\nmake test\n"
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 60


def test_the_chinese_readme_has_the_same_parts() -> None:
    english, chinese = ROOT / "README.md", ROOT / "README.zh-CN.md"
    assert [(block.language, block.text) for block in blocks(english)] == [
        (block.language, block.text) for block in blocks(chinese)
    ]
    for pattern in (r"^#+ ", r"^\| ", r"^- "):
        counts = [len(re.findall(pattern, prose(page), re.MULTILINE)) for page in (english, chinese)]
        assert counts[0] == counts[1] > 0, pattern
    assert {int(number) for number in re.findall(r"\d+", prose(english))} <= {
        int(number) for number in re.findall(r"\d+", prose(chinese))
    } | {4, 40}, "the forty lines of the plain loop are a word there"


@pytest.mark.parametrize("chinese", CHINESE, ids=name)
def test_a_chinese_page_has_the_same_parts(chinese: Path) -> None:
    """The same commands, headings, tables and figures; what is said in quotes may be said in Chinese."""
    english = chinese.with_name(chinese.name.replace(".zh-CN", ""))
    assert [(block.language, block.mark, quiet(block)) for block in blocks(english)] == [
        (block.language, block.mark, quiet(block)) for block in blocks(chinese)
    ]
    for pattern in (r"^#+ ", r"^\| "):
        counts = [len(re.findall(pattern, prose(page), re.MULTILINE)) for page in (english, chinese)]
        assert counts[0] == counts[1], pattern
    words = [{" ".join(span.split()) for span in re.findall(r"`[^`]+`", prose(page))} for page in (english, chinese)]
    assert words[0] - words[1] == set()
    figures = [set(re.findall(r"\d+(?:\.\d+)?", prose(page))) for page in (english, chinese)]
    assert figures[0] - figures[1] == set()
    links = [chinese.name in english.read_text("utf-8"), f"({english.name})" in chinese.read_text("utf-8")]
    assert links == [True, True]


def quiet(block: Block) -> str:
    """The text of a block without what stands in quotes and comments of the shell."""
    return (
        re.sub(r"'[^'\n]*'|\"[^\"\n]*\"| # .*", "", block.text) if block.language in ("bash", "console") else block.text
    )


def test_versions_agree() -> None:
    import tunebook

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert project["version"] == tunebook.__version__ == citation["version"]
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert citation["license"] == project["license"]


@pytest.mark.parametrize("page", RUN, ids=name)
def test_blocks_that_are_run_hold_commands_of_tunebook_only(page: Path) -> None:
    for block in blocks(page):
        if block.language in ("bash", "console") and not block.mark:
            assert {words[0] for words in commands(block)} == {"tunebook"}, f"mark it as not run: {block.text}"


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=name)
def test_the_page_runs(page: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All blocks of a page in order, in a folder of its own, with a tiny model and few steps."""
    from tunebook.cli import main

    done = 0
    for block in blocks(page):
        if block.mark or block.language == "text":
            continue
        if block.language == "python":
            exec(compile(block.text, str(page), "exec"), {})
            done += 1
            continue
        for words in commands(block):
            short = ["--set", "max_steps=4", "--set", "eval_every=2", "--track", "none"] if words[1] == "train" else []
            code = main([*words[1:], *short])
            assert code == 0, f"{shlex.join(words)}: {capsys.readouterr().err}"
            done += 1
    assert done >= 5
    assert (place / "answers.csv").is_file()
    assert any((place / "book" / "runs").iterdir())
