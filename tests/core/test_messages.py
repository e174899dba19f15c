"""The catalogue itself, and that code and catalogue agree."""

import ast
import re
import string
import tomllib
from functools import cache
from pathlib import Path

import pytest

from tunebook.core import messages
from tunebook.core.messages import LANGUAGES, catalogue, has_words, language, say

SOURCE = Path(messages.__file__).parents[1]
FILES = sorted((SOURCE / "messages").glob("*.toml"))
CODE = re.compile(r"[a-z][\w-]*(\.[\w-]+)+")
# Codes that are put together at run time in a way that the syntax tree does not show: prefix -> where.
DYNAMIC: dict[str, str] = {}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "C"}, "zh"),
        ({"TUNEBOOK_LANG": "ZH", "LC_ALL": "C"}, "zh"),
        ({"TUNEBOOK_LANG": "en", "LANG": "zh_CN"}, "en"),
    ],
)
def test_language(monkeypatch, variables, expected):
    for name in ("TUNEBOOK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


def test_say(monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    assert say("error.allowed", allowed="x") == "allowed: x"
    assert say("row.together.do") == "Change one of them."
    for wrong in ("no.such", "error.allowed"):
        with pytest.raises(KeyError):
            say(wrong)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An own catalogue, forgotten afterwards."""
    monkeypatch.setattr(messages, "_FOLDER", tmp_path)
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    forget()
    yield tmp_path
    forget()


def forget():
    for cached in (catalogue, messages._entries, messages._text):
        cached.cache_clear()


def test_a_command_that_is_named_can_be_copied_into_a_shell(folder):
    text = 'do.en = "Test {book}: tunebook ab {book} {a}. Then tunebook auto {book}"\ndo.zh = "{book}"\n'
    (folder / "a.toml").write_text(
        f'["a.command"]\n{text}["a.words"]\nen = "In {{book}}."\nzh = ""\n', encoding="utf-8"
    )
    said = say("a.command.do", book="/my books/酒店", a="v1")
    assert said == "Test '/my books/酒店': tunebook ab '/my books/酒店' v1. Then tunebook auto '/my books/酒店'"
    assert say("a.command.do", book="/books/one", a="v1").startswith("Test /books/one: tunebook ab /books/one v1")
    assert say("a.words", book="/my books") == "In /my books."


def test_an_entry_is_found_in_any_file_and_first_in_its_own(folder):
    (folder / "part.toml").write_text('["part.a"]\nen = "one"\nzh = "一"\n')
    assert say("part.a") == "one"
    assert catalogue.cache_info().currsize == 0
    (folder / "other.toml").write_text('["thing.b"]\nwhat.en = "two"\nwhat.zh = "二"\ndo.en = "x"\ndo.zh = "y"\n')
    assert say("thing.b.what") == "two"
    assert set(catalogue()) == {"part.a", "thing.b.what", "thing.b.do"}


def test_an_entry_that_stands_there_twice(folder):
    for name in ("one", "two"):
        (folder / f"{name}.toml").write_text('["part.a"]\nen = "x"\nzh = "y"\n')
    with pytest.raises(KeyError, match="twice"):
        catalogue()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_entry_has_both_languages_with_the_same_placeholders(path):
    for name, texts in entries(path).items():
        assert set(texts) == set(LANGUAGES), name
        assert all(text.strip() for text in texts.values()), name
        assert placeholders(texts["en"]) == placeholders(texts["zh"]), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_error_says_what_is_wrong_and_what_to_do(path):
    names = set(entries(path))
    halves = {name.rpartition(".")[0] for name in names if name.endswith((".what", ".do"))}
    assert {code for code in halves if not {f"{code}.what", f"{code}.do"} <= names} == set()


def test_an_entry_alone_is_as_among_all():
    assert {code: messages._text(code) for code in catalogue()} == catalogue()
    assert has_words("error.allowed") and not has_words("error.no_such") and not has_words("no.such")


def entries(path):
    """Code -> language -> text of one file."""
    return {
        name: text
        for code, entry in tomllib.loads(path.read_text(encoding="utf-8")).items()
        for name, text in messages._flat(code, entry).items()
    }


def placeholders(text):
    """Names only: a language may format a number in its own way."""
    return {re.split(r"[.\[]", field)[0] for _, field, _, _ in string.Formatter().parse(text) if field is not None}


@cache
def uses():
    """What the sources say: codes of errors, codes of `say`, all other words like codes, prefixes of made-up codes."""
    raised, said, words, prefixes = {}, {}, set(), set(DYNAMIC)
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name == "phrase":  # core.formatting: phrase("split", name) is the entry split.NAME
                    prefixes |= {f"{part}." for part in constants(node.args[0])}
                found = raised if name.endswith("Error") else said if name == "say" else {}
                if name in ("ValueError", "KeyError", "TypeError", "AttributeError", "RuntimeError", "OSError"):
                    continue
                found.update({code: path.name for code in constants(node.args[0]) if CODE.fullmatch(code)})
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                start = str(node.values[0].value)
                prefixes |= {start} if re.fullmatch(r"[a-z]\w*\.[\w.]*", start) else set()
    for path in SOURCE.rglob("*.j2"):
        text = path.read_text(encoding="utf-8")
        said.update({code: path.name for code in re.findall(r"""say\(\s*["']([\w.-]+)["']\s*[,)]""", text)})
        prefixes |= set(re.findall(r"""say\(\s*["']([\w.-]+\.)["']\s*~""", text))
        prefixes |= {f"{part}." for part in re.findall(r"""phrase\(\s*["'](\w+)["']""", text)}
        words |= set(re.findall(r"""["']([\w.-]+)["']""", text))
    return raised, said, words, prefixes


def constants(node):
    """Texts that an expression may be: a text, or either side of a choice."""
    if isinstance(node, ast.IfExp):
        return constants(node.body) + constants(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


@pytest.mark.no_cover
def test_every_code_that_is_raised_is_in_the_catalogue():
    raised, _, _, _ = uses()
    known = catalogue()
    missing = {code: file for code, file in raised.items() if not {f"{code}.what", f"{code}.do"} <= set(known)}
    assert len(raised) > 20
    assert missing == {}


@pytest.mark.no_cover
def test_every_code_that_is_said_is_in_the_catalogue():
    _, said, _, _ = uses()
    assert len(said) > 20
    assert {code: file for code, file in said.items() if code not in catalogue()} == {}


@pytest.mark.no_cover
def test_every_code_that_is_put_together_begins_like_an_entry():
    _, _, _, prefixes = uses()
    assert [prefix for prefix in DYNAMIC if not any(name.startswith(prefix) for name in catalogue())] == []
    assert "split." in prefixes


@pytest.mark.no_cover
def test_every_entry_is_used():
    _, _, words, prefixes = uses()

    def used(name):
        code = re.sub(r"\.(what|do)$", "", name)
        return name in words or code in words or any(name.startswith(prefix) for prefix in prefixes)

    assert [name for name in catalogue() if not used(name)] == []
