import pytest

from tunebook.core.nouns import Labels
from tunebook.tables.advice import Advice
from tunebook.tables.case import Case, Machine, ModelFacts
from tunebook.tables.in_force import settings_of
from tunebook.tables.propose import HEAD_FACTOR, RULES, advise, propose
from tunebook.tables.rules import misfits

SMALL = ModelFacts(name="builtin:minilm", hidden=384, layers=6, parameters=22_700_000, max_positions=512)
BASE = ModelFacts(name="bert", hidden=768, layers=12, parameters=110_000_000, max_positions=512)
LARGE = ModelFacts(name="large", hidden=1024, layers=24, parameters=340_000_000, max_positions=512)
ROOMY = Machine(cores=8, memory_bytes=64 << 30, gpu_memory_bytes=24 << 30, bf16=True)
TWO = Labels(problem="single_label", names=["no", "yes"])
MANY = Labels(problem="single_label", names=[f"c{number}" for number in range(77)])


def proposed(stats=None, labels=TWO, rows=5000, model=SMALL, machine=ROOMY):
    return propose(stats or {}, labels, rows=rows, task="text_classification", model=model, machine=machine)


def test_wide_models_that_write_get_narrow_maps_and_no_classes_are_counted(real_techniques):
    wide = ModelFacts(name="qwen", hidden=2048, layers=24, parameters=1_500_000_000, max_positions=4096)
    table = propose({}, Labels(problem="written"), rows=900, task="instruction", model=wide, machine=ROOMY)
    values = table.values()
    assert values["lora.rank"] == 16 and values["max_epochs"] == 3 and values["early_stopping_patience"] == 2
    assert "classes" not in table.note and "900" in table.note and "2 classes" in proposed().note
    assert "wide model" in table.rows["lora.rank"].reason


def test_every_proposed_row_says_why_and_stands_in_both_columns():
    table = proposed({"tokens": {"p99": 40}}, rows=100)
    spoken = {name: row for name, row in table.rows.items() if row.recommended is not None}
    assert set(spoken) == set(RULES) - {"head_rate.factor", "head_start.pooling", "setfit.pairs"}
    for row in spoken.values():
        assert row.value == row.recommended
        assert len(row.reason) > 20
        assert row.reason.endswith("confidence: high]") or "confidence: medium]" in row.reason or "low]" in row.reason
    assert table.values()["base_model"] == "builtin:minilm"
    assert "text classification" in table.note
    assert settings_of(table).learning_rate == 1e-4


def test_reasons_are_in_the_users_language(monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "编码器" in proposed().rows["learning_rate"].reason


@pytest.mark.parametrize(
    ("model", "labels", "rows", "rate"),
    [
        (SMALL, TWO, 5000, 1e-4),
        (SMALL, TWO, 300, 1e-4),
        (SMALL.model_copy(update={"hidden": 256}), TWO, 999, 3e-4),
        (SMALL.model_copy(update={"hidden": 256}), TWO, 1000, 1e-4),
        (SMALL, MANY, 5000, 3e-4),
        (BASE, TWO, 5000, 3e-5),
        (BASE, MANY, 5000, 5e-5),
        (LARGE, TWO, 5000, 2e-5),
        (LARGE, TWO, 1000, 1e-5),
    ],
)
def test_learning_rate(model, labels, rows, rate):
    assert proposed(model=model, labels=labels, rows=rows).values()["learning_rate"] == rate


@pytest.mark.parametrize("model", [SMALL, BASE])
@pytest.mark.parametrize("unpooled", [False, True])
def test_a_head_that_begins_at_random_with_its_pooler(model, unpooled):
    advice = advise(Case({}, TWO, 5000, model.model_copy(update={"unpooled": unpooled}), ROOMY))
    assert ("head_rate.factor" in advice) == (unpooled and model is SMALL)
    if unpooled and model is SMALL:
        found = advice["head_rate.factor"]
        assert found.value == HEAD_FACTOR == 10 and "pooler" in found.reason and "HEAD_RATE.json" in found.source


@pytest.mark.parametrize(("rows", "epochs"), [(100, 20), (200, 20), (1999, 10), (2000, 10), (50_000, 10)])
@pytest.mark.parametrize("labels", [TWO, MANY])
def test_a_narrow_encoder_that_marks_tokens_learns_faster_and_longer(rows, epochs, labels):
    unpooled = SMALL.model_copy(update={"unpooled": True})  # which a head for tokens does not read
    table = propose({}, labels, rows=rows, task="tagging", model=unpooled, machine=ROOMY)
    values = table.values()
    assert (values["learning_rate"], values["max_epochs"], values["early_stopping_patience"]) == (3e-4, epochs, 5)
    assert "head_rate.factor" not in values and "named entities" in table.note
    assert "TAGGER_RATES.json" in table.rows["learning_rate"].reason
    assert ("TAGGER_RATES.json" in table.rows["max_epochs"].reason) == (epochs == 10)
    base = propose({}, labels, rows=rows, task="tagging", model=BASE, machine=ROOMY)
    as_ever = proposed(labels=labels, rows=rows, model=BASE)
    assert [base.values()[row] for row in RULES if row in base.values()] == [
        as_ever.values()[row] for row in RULES if row in as_ever.values()
    ]


VECTORS = SMALL.model_copy(update={"speaks_mean": True})
NUMBER = Labels(problem="regression", low=0, high=1)


@pytest.mark.parametrize(
    ("model", "labels", "rows", "switched"),
    [
        (VECTORS, TWO, 16, "setfit.pairs"),
        (VECTORS, TWO, 17, "head_start.pooling"),
        (VECTORS, MANY, 77 * 8, "head_start.pooling"),
        (VECTORS, NUMBER, 10, "head_start.pooling"),
        (VECTORS, TWO, 1999, "head_start.pooling"),
        (VECTORS, TWO, 2000, ""),
        (VECTORS.model_copy(update={"unpooled": True}), TWO, 50_000, "head_start.pooling"),
        (SMALL, TWO, 32, ""),
    ],
)
def test_heads_are_fitted_to_models_of_vectors(model, labels, rows, switched, real_techniques):
    advice = advise(Case({}, labels, rows, model, ROOMY))
    assert {name for name in advice if "." in name} == ({switched} if switched else set())
    table = proposed(model=model, labels=labels, rows=rows)
    assert not switched or table.rows[switched].value == table.rows[switched].recommended


@pytest.mark.parametrize(("rows", "epochs", "patience"), [(16, 20, 5), (72, 17, 5)])
def test_epochs_of_pairs_are_longer_so_there_are_fewer(rows, epochs, patience):
    labels = Labels(problem="single_label", names=[f"c{number}" for number in range(rows // 8)])
    advice = advise(Case({}, labels, rows, VECTORS, ROOMY))
    assert (advice["max_epochs"].value, advice["early_stopping_patience"].value) == (epochs, patience)
    assert advice["setfit.pairs"].value == 1 and "FEW_LABELS.json" in advice["setfit.pairs"].source


@pytest.mark.parametrize(
    ("others", "switched"),
    [({"lora"}, set()), ({"ema"}, {"head_start.pooling"}), ({"setfit"}, {"setfit.pairs"}), ({"fgm"}, {"setfit.pairs"})],
)
def test_nothing_is_proposed_that_could_not_stand_beside_what_is_there(others, switched):
    advice = advise(Case({}, TWO, 16, VECTORS, ROOMY, others=frozenset(others)))
    assert {name for name in advice if "." in name} == switched


@pytest.mark.parametrize(
    ("labels", "rows", "epochs", "batch", "patience"),
    [
        (TWO, 1, 20, 16, 5),
        (TWO, 0, 20, 16, 5),
        (TWO, 200, 12, 8, 5),
        (TWO, 500, 5, 8, 3),
        (TWO, 630, 4, 8, 3),
        (TWO, 1600, 3, 16, 2),
        (TWO, 1999, 3, 16, 2),
        (TWO, 2000, 3, 16, 2),
        (TWO, 3200, 3, 32, 2),
        (TWO, 50_000, 3, 32, 2),
        (MANY, 10_000, 6, 32, 3),
        (MANY, 500, 10, 16, 5),
    ],
)
def test_epochs_and_batch_by_rows(labels, rows, epochs, batch, patience):
    values = proposed(labels=labels, rows=rows).values()
    assert (values["max_epochs"], values["batch_size"], values["early_stopping_patience"]) == (epochs, batch, patience)
    assert epochs == 20 or -(-rows // batch) * epochs >= 300


@pytest.mark.parametrize(("p99", "length"), [(1, 8), (8, 8), (8.5, 16), (43.2, 48), (511, 512), (512, 512), (900, 512)])
def test_max_length(p99, length):
    row = proposed({"tokens": {"p99": p99}}).rows["max_length"]
    assert row.value == length
    assert ("cut" in row.reason) == (p99 > 512)


def test_no_length_where_none_was_measured():
    row = proposed().rows["max_length"]
    assert (row.value, row.recommended, row.reason) == (None, None, "")


@pytest.mark.parametrize(("ratio", "weights"), [(10.0, "sqrt"), (9.9, "none"), (None, "none")])
def test_class_weights(ratio, weights):
    assert proposed({"imbalance": ratio, "tokens": None}).values()["class_weights"] == weights


@pytest.mark.parametrize("problem", ["multi_label", "regression", "ordinal"])
def test_class_weights_are_for_single_labels(problem):
    table = proposed({"imbalance": 100.0}, labels=Labels(problem=problem, names=["a", "b"]))
    assert table.rows["class_weights"].recommended is None


def test_a_small_memory_halves_the_batch_and_keeps_the_step():
    values = proposed(model=BASE, machine=Machine(cores=2, memory_bytes=6 << 30)).values()
    assert values["batch_size"] < 32
    assert values["batch_size"] * values["gradient_accumulation_steps"] == 32
    starved = proposed(model=LARGE, machine=Machine(cores=1, memory_bytes=1 << 30))
    values = starved.values()
    assert (values["batch_size"], values["gradient_accumulation_steps"]) == (1, 32)
    assert values["gradient_checkpointing"] is True
    assert "computed twice" in starved.rows["gradient_checkpointing"].reason


JUDGED = {"preferences": {"train": {"pairs": 0, "good": 100, "bad": 100}}}


@pytest.mark.parametrize("stats", [JUDGED, {"preferences": {"train": {"pairs": 200, "good": 0, "bad": 0}}}])
@pytest.mark.parametrize("rows", [200, 5000])
def test_a_proposal_does_not_contradict_itself(stats, rows, real_techniques):
    """Its patience is by the passes that the task proposes, and each row has words of its own."""
    table = propose(stats, Labels(problem="preference"), rows=rows, task="preference", model=BASE, machine=ROOMY)
    assert table.values()["max_epochs"] == 2 and misfits(settings_of(table), rows) == ()
    assert "passes: 2" in table.rows["early_stopping_patience"].reason
    reasons = [row.reason for name, row in table.rows.items() if row.recommended is not None]
    assert len(set(reasons)) == len(reasons)
    if stats is JUDGED:
        assert table.rows["preference.loss"].value == "kto" and "one by one" in table.rows["preference.loss"].reason


def test_a_step_that_must_be_whole_has_as_many_rows_as_fit():
    """KTO can neither add up passes nor part a step."""
    memory, labels = Machine(cores=2, memory_bytes=6 << 30), Labels(problem="preference")
    advice = advise(Case(JUDGED, labels, 5000, BASE, memory, task="preference"))
    assert advice["gradient_accumulation_steps"].value == 1 and 1 <= advice["batch_size"].value < 32
    assert "as many rows as fit" in advice["batch_size"].reason and "preference.mini_batch" not in advice


def test_a_step_whose_rows_are_compared_is_parted_by_the_cached_loss():
    """Passes that are added up would be refused for it."""
    queries, pairs = (Labels(problem=problem, low=0, high=1) for problem in ("relevance", "regression"))
    memory = Machine(cores=2, memory_bytes=6 << 30)
    for labels in (queries, pairs, TWO):
        advice = advise(Case({}, labels, 5000, BASE, memory, task="embedding"))
        assert (advice["batch_size"].value, advice["gradient_accumulation_steps"].value) == (32, 1)
        assert 1 <= advice["embedding.mini_batch"].value < 32 and "same gradients" in advice["batch_size"].reason
        assert "embedding.mini_batch" not in advise(Case({}, labels, 5000, SMALL, ROOMY, task="embedding"))
    judged = {"judged": {"all": 9, "rows": 9, "negatives": 3, "positives": 6}}
    advice = advise(Case(judged, queries, 5000, BASE, memory, task="reranking"))
    assert advice["batch_size"].value * advice["gradient_accumulation_steps"].value == 32


def test_a_length_cut_for_memory_says_so():
    tight = Machine(cores=2, memory_bytes=2 * (BASE.state_bytes + 8 * 2**20))
    row = proposed({"tokens": {"p99": 512}}, model=BASE, machine=tight).rows["max_length"]
    assert row.value < 512
    assert "last means" in row.reason and "low]" in row.reason


@pytest.mark.parametrize("edge", [512 << 20, SMALL.answering_bytes(40)])
def test_a_length_for_a_small_device_says_so(edge):
    case = Case({"tokens": {"p95": 90, "p99": 200}}, TWO, 5000, SMALL, ROOMY, edge_bytes=edge)
    advice = advise(case)["max_length"]
    assert advice.value == case.length
    assert ("MiB" in advice.reason) == (case.length < 90)
    assert "small device" in advice.reason
    only_p99 = Case({"tokens": {"p99": 90}}, TWO, 5000, SMALL, ROOMY, edge_bytes=512 << 20)
    assert advise(only_p99)["max_length"].value == 96


def test_what_a_task_says_goes_before_the_rules():
    found = advise(Case({}, TWO, 5000, SMALL, ROOMY, task="embedding"))["learning_rate"]
    assert found.value == 5e-5 and "vectors" in found.reason and found.confidence == "low"
    assert advise(Case({}, TWO, 5000, SMALL, ROOMY))["learning_rate"].value == 1e-4


def test_a_task_asks_for_no_more_rows_at_once_than_fit():
    stats = {
        "tokens": {"p99": 512, "per_row": 8.0},
        "judged": {"rows": 10, "all": 80, "positives": 10, "negatives": 70},
    }
    found = advise(Case(stats, TWO, 5000, SMALL, ROOMY, task="reranking"))["batch_size"]
    assert found.value == 4 and "32 pairs" in found.reason
    tight = Machine(cores=2, memory_bytes=2 * SMALL.training_bytes(8, 512, half=False))
    assert advise(Case(stats, TWO, 5000, SMALL, tight, task="reranking"))["batch_size"].value == 1


def test_every_advice_has_its_source():
    case = Case({"tokens": {"p99": 40}}, MANY, 500, SMALL, ROOMY)
    for name, advice in advise(case).items():
        assert advice.source, name
        assert advice.confidence in ("high", "medium", "low")
        assert any(mark in advice.source for mark in ("arXiv:", "measured", "rule of thumb")), name


def test_the_words_hold_reason_source_and_confidence():
    assert Advice(1, "because", "a paper", "low").words == "because [a paper; confidence: low]"


@pytest.mark.parametrize("rows", [1, 40, 300, 1500, 2000, 50_000])
@pytest.mark.parametrize("labels", [TWO, MANY])
def test_a_proposal_fits_itself(rows, labels):
    assert misfits(settings_of(proposed(labels=labels, rows=rows)), rows) == ()


def test_a_task_of_another_package_keeps_its_key() -> None:
    from tunebook.tables.propose import _task_name

    assert [_task_name(task) for task in ("text_classification", "their_task")] == ["text classification", "their_task"]
