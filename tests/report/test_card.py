"""The model card: front matter that parses, tables that stay tables, code that compiles."""

import re

import pytest
import yaml

from tests.report import sample_run as sample
from tunebook.core.nouns import Labels
from tunebook.report.card import front_matter, write_model_card

NAMES = ["good", "bad|<b>", "so `so`"]


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
