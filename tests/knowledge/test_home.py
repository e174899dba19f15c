import sys
from pathlib import Path

import pytest

from tunebook.knowledge.index import home


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    for name in ("TUNEBOOK_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))


def test_what_the_user_chose(monkeypatch):
    monkeypatch.setenv("TUNEBOOK_HOME", "/data/tb")
    assert home() == Path("/data/tb")


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", None, "/home/ann/.local/share/tunebook"),
        ("linux", ("XDG_DATA_HOME", "/x"), "/x/tunebook"),
        ("darwin", None, "/home/ann/Library/Application Support/tunebook"),
        ("win32", None, "/home/ann/AppData/Local/tunebook"),
        ("win32", ("LOCALAPPDATA", "/local"), "/local/tunebook"),
    ],
)
def test_where_systems_keep_data(monkeypatch, platform, variable, expected):
    monkeypatch.setattr(sys, "platform", platform)
    if variable:
        monkeypatch.setenv(*variable)
    assert home() == Path(expected)
