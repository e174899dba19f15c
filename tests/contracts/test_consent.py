"""No code of a model is ever run, and no question is ever asked: the machine may have nobody to answer it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import small
from tests.contracts.test_style import FILES, name, tree
from tunebook.cli import main
from tunebook.core.errors import ModelError
from tunebook.core.nouns import Labels
from tunebook.core.training import Training
from tunebook.models.source import load_tokenizer
from tunebook.tasks.text_classification import TextClassification

_LOADS = ("from_pretrained", "from_config")
_ASKS = ("input", "getpass", "prompt", "confirm")
_UNASKED = "stdin=subprocess.DEVNULL"  # of a command that is started: nothing can be read there
_TALKS = "cli/chat.py"  # where somebody at a terminal says something; a pipe is read line by line


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = node.func
            yield (called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")), node


def test_every_model_is_loaded_without_its_code() -> None:
    found = [(name(path), node) for path in FILES for called, node in calls(path) if called in _LOADS]
    assert len(found) >= 9
    for place, node in found:
        said = {item.arg: item.value for item in node.keywords}.get("trust_remote_code")
        assert isinstance(said, ast.Constant) and said.value is False, f"{place}:{node.lineno}"


def own(path: Path) -> set[str]:
    """Names that a file takes from Tunebook itself."""
    taken = [node for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom)]
    return {item.name for node in taken if (node.module or "").startswith("tunebook.") for item in node.names}


def test_nothing_asks_a_question() -> None:
    asking = []
    for path in FILES:
        asks = {*_ASKS} - own(path)
        asking += [name(path) for called, _ in calls(path) if called in asks]
    assert asking == [_TALKS], "a conversation is not a question that work waits for"
    texts = {name(path): path.read_text(encoding="utf-8").replace(_UNASKED, "") for path in FILES}
    reading = [place for place, text in texts.items() if "stdin" in text]
    commands = [place for place in reading if place != "bundle/answer.py"]  # the command line of a bundle
    assert commands and all(place.startswith("cli/") for place in commands), "texts, where the user said so"


@pytest.fixture
def curious(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A base model whose config asks for code that does not come with transformers."""
    folder = small.base_model(tmp_path / "base")
    config = json.loads((folder / "config.json").read_text())
    own = {"AutoConfig": "mine.C", "AutoModel": "mine.M", "AutoModelForSequenceClassification": "mine.M"}
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "mine", "auto_map": own}))
    (folder / "mine.py").write_text(f"open({str(tmp_path / 'it-ran')!r}, 'w')")

    def asked(*given: Any) -> str:
        raise AssertionError(f"a question was asked: {given}")

    monkeypatch.setattr("builtins.input", asked)
    return folder


def test_custom_code_is_refused_by_the_command(curious: Path, tmp_path: Path, capsys: Any) -> None:
    small.write_csv(tmp_path / "t.csv", 60)
    said = ["init", str(tmp_path / "book"), "--data", str(tmp_path / "t.csv"), "--model", str(curious), "--json"]
    assert main(said) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "model.code"
    assert not (tmp_path / "it-ran").exists() and not (tmp_path / "book").exists()


def test_nor_is_it_run_where_the_check_was_passed(curious: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="custom code"):
        TextClassification().build(curious, Labels(problem="single_label", names=["bad", "good"]), Training())
    load_tokenizer(curious)  # with the class that its files name
    assert not (tmp_path / "it-ran").exists()
