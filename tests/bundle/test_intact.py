"""Whether a bundle is as it was made: told before any of its modules is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tunebook.bundle import intact
from tunebook.bundle.intact import CODE, FILE, HASH, content_hash, file_fault, main, read_facts, sealed
from tunebook.bundle.manifest import FORM
from tunebook.export.standalone import SCRIPT, write_code

LOADED = "raise SystemExit('imported')"
WORDS = Path(CODE) / "tunebook" / "messages" / "export.toml"
MODULE = Path(CODE) / "tunebook" / "bundle" / "words.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle without a model: its modules are whole."""
    write_code(tmp_path)
    paths = [path for path in tmp_path.rglob("*") if path.is_file()]
    files = {path.relative_to(tmp_path).as_posix(): intact.file_hash(path) for path in paths}
    (tmp_path / FILE).write_text(json.dumps(sealed({"format": FORM, "files": files})))
    return tmp_path


def asked(folder: Path, language: str = "en") -> tuple[int, str]:
    """Exit code and words of its script."""
    done = subprocess.run(
        [sys.executable, str(folder / SCRIPT), "a"], capture_output=True, text=True, env={"TUNEBOOK_LANG": language}
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_the_hash_is_of_what_is_said() -> None:
    facts = {"a": [1, float("nan")], "b": "\u00e9\ud83d"}
    whole = sealed(facts)
    again = json.loads(json.dumps(dict(reversed(whole.items())), indent=3))
    assert again[HASH] == content_hash(again) == content_hash(facts)
    assert content_hash({**facts, "a": [1.0, float("nan")]}) != whole[HASH]
    assert sealed(whole)[HASH] == whole[HASH]


def test_modules_that_are_whole_are_imported(folder: Path) -> None:
    (folder / "json.py").write_text(LOADED)  # what else lies there is no module
    (folder / CODE / "__pycache__").mkdir()
    (folder / CODE / "__pycache__" / "x.pyc").write_bytes(b"x")
    code, said = asked(folder)
    assert code == 2 and "[bundle.damaged]" in said and "KeyError: 'kind'" in said  # by the modules themselves


def test_a_library_that_is_missing_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy")

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(intact, "import_module", missing)
    assert main(folder, ["a"]) == 2
    assert capsys.readouterr().err.startswith("[bundle.library] The package 'numpy'")


@pytest.mark.parametrize(
    ("spoil", "code", "name"),
    [
        (lambda folder: (folder / MODULE).unlink(), "file_missing", MODULE.as_posix()),
        (lambda folder: (folder / MODULE).write_text(LOADED), "file_changed", MODULE.as_posix()),
        (lambda folder: (folder / CODE / "numpy.py").write_text(LOADED), "file_added", "runtime/numpy.py"),
        (lambda folder: (folder / FILE).write_text('{"files": {}}'), "file_changed", FILE),
        (lambda folder: (folder / FILE).write_text("[" * 99999), "damaged", "RecursionError"),
        (lambda folder: (folder / FILE).write_text("3"), "damaged", "int"),
        (lambda folder: (folder / FILE).write_bytes(b"\xff"), "damaged", "UnicodeDecodeError"),
        (lambda folder: (folder / FILE).unlink(), "missing", ""),
        (lambda folder: (folder / WORDS).unlink(), "file_missing", WORDS.as_posix()),
        (lambda folder: (folder / WORDS).write_text("= 3"), "file_changed", WORDS.as_posix()),
    ],
)
def test_what_is_amiss_is_told_before(
    spoil: Callable[[Path], object], code: str, name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(folder)
    before = list(sys.path)
    assert main(folder, ["a"]) == 2 and sys.path == before
    said = capsys.readouterr().err
    assert said.startswith(f"[bundle.{code}]") and name in said


def test_it_is_told_in_both_languages(folder: Path) -> None:
    (folder / MODULE).unlink()
    for language, words in (("en", "lacks its file"), ("zh_CN.UTF-8", "缺少文件")):
        code, said = asked(folder, language)
        assert code == 2 and words in said and MODULE.name in said


def test_one_file_need_not_be_there(folder: Path) -> None:
    (folder / SCRIPT).unlink()
    files = read_facts(folder)[0]["files"]
    assert file_fault(folder, files, but=SCRIPT) is None
    found = file_fault(folder, files)
    assert found is not None and found[0] == "bundle.file_missing"
