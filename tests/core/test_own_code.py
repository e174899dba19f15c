"""Functions of the user's own, from files that may not do what they should."""

from pathlib import Path

import pytest

from tunebook.core.own_code import ALLOW, allowed, function_of, trouble


def test_files_are_run_only_where_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ALLOW, raising=False)
    assert not allowed()
    monkeypatch.setenv(ALLOW, "1")
    assert allowed()


def test_a_function_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def twice(x):\n    return 2 * x\n")
    assert function_of(path, "twice")(3) == 6
    with pytest.raises(AttributeError):
        function_of(path, "thrice")
    with pytest.raises(ImportError, match=r"mine\.txt"):
        function_of(tmp_path / "mine.txt", "twice")


def test_the_line_of_the_file_that_an_error_came_through(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def wrong():\n    return 1 / 0\n")
    with pytest.raises(ZeroDivisionError) as caught:
        function_of(path, "wrong")()
    assert trouble(caught.value, path) == (2, "ZeroDivisionError: division by zero")
    path.write_text("x = 1\n\ndef\n")
    with pytest.raises(SyntaxError) as spoilt:
        function_of(path, "wrong")
    assert trouble(spoilt.value, path)[0] == 3
    assert trouble(ValueError("elsewhere"), path) == (0, "ValueError: elsewhere")
