"""A shell is told what may come next."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Call

from tunebook.cli.app import application
from tunebook.cli.completion import candidates


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("che", ["check"]),
        ("table l", ["list", "log"]),
        ("knowledge ", ["effects", "export", "import", "index", "search"]),
        ("check book --al", ["--allow-pickle", "--allow-unknown-tokens"]),
        ("train --js", ["--json"]),
        ("init book --hea", ["--header"]),
        ("check bo", []),
        ("nonsense x", []),
    ],
)
def test_what_may_come(line: str, expected: list[str]) -> None:
    assert candidates(line, application()) == expected


def test_a_shell_asks_by_the_environment(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_COMPLETE", "tech")
    assert tunebook().out == "techniques\n"


def test_each_shell_has_a_script_and_others_are_refused(tunebook: Call) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "TUNEBOOK_COMPLETE" in tunebook("completion", shell).out
    assert tunebook("completion", "cmd", "--json").json["error"]["allowed"] == "bash | zsh | fish"


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_itself(tunebook: Call, tmp_path: Path) -> None:
    program = tmp_path / "tunebook"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'from tunebook.cli import main; main()'\n")
    program.chmod(0o755)
    script = tunebook("completion", "bash").out
    asks = "COMP_WORDS=(tunebook table se); COMP_CWORD=2; _tunebook; echo ${COMPREPLY[*]}"
    path = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", f"{script}\n{asks}"], capture_output=True, text=True, env=path, check=True)
    assert done.stdout == "search set\n"
