"""A plan is filled in and checked: every refusal with its code, and an id of what decides the outcome alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests import small
from tunebook.core import registry
from tunebook.core.errors import DataError, ModelError, PlanError, TunebookError
from tunebook.core.nouns import Plan
from tunebook.core.technique import RunContext, Technique
from tunebook.core.training import Training
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.models.source import REACH
from tunebook.tables.make import child
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.init import init
from tunebook.verbs.steps import model_facts as module
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.model_facts import positions
from tunebook.verbs.steps.order import order
from tunebook.verbs.steps.plan import plan


@pytest.fixture(scope="module")
def home(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Book:
    folder = tmp_path_factory.mktemp("home")
    file = small.write_records(folder / "rows.csv", "classes", 100)
    return init(folder / "book", file, model=str(base), options=small.options("classes"))


def made(book: Book, **changes: Any) -> Plan:
    seed = changes.pop("with_seed", None)
    return plan(child(book.champion, changes) if changes else book.champion, book.data, seed=seed)


def refused(book: Book, **changes: Any) -> TunebookError:
    with pytest.raises(TunebookError) as caught:
        made(book, **changes)
    assert caught.value.message and caught.value.advice
    return caught.value


def test_what_is_left_open_is_filled_in(home: Book) -> None:
    found = made(
        home, max_length=None, metric="auto", length_bucketing="auto", batch_size=16, max_epochs=3, warmup_ratio=0.2
    )
    lengths = sorted(len(text.split()) + 2 for text in load(home.data, "train").texts)
    p99 = lengths[int(0.99 * (len(lengths) - 1))]
    assert p99 <= found.params.max_length <= p99 + 8
    assert found.params.max_length % 8 == 0
    assert found.params.metric == "accuracy"
    assert found.params.length_bucketing in ("on", "off")
    assert found.estimate.steps == -(-home.data.rows["train"] // 16) * 3
    assert found.params.warmup_steps == int(found.estimate.steps * 0.2)
    assert found.labels == home.data.labels
    assert found.data == home.data.content
    assert (found.table_version, made(home).table_version) == (0, 1)
    assert found.versions["torch"]
    assert found.model and "base_model" not in found.params.model_dump()


def test_max_steps_goes_before_max_epochs(home: Book) -> None:
    assert made(home, max_steps=500, max_epochs=1).estimate.steps == 500
    assert made(home, max_steps=2, max_epochs=9, warmup_ratio=0).estimate.steps == 2


def test_length_that_tells_the_label_keeps_lengths_mixed(home: Book) -> None:
    data = home.data.model_copy(update={"stats": {**home.data.stats, "length_label_link": 0.9}})
    table = child(home.champion, {"length_bucketing": "auto"})
    assert plan(table, data).params.length_bucketing == "off"
    data = home.data.model_copy(update={"stats": {**home.data.stats, "length_label_link": 0.1}})
    assert plan(table, data).params.length_bucketing == "on"
    assert made(home, length_bucketing="off").params.length_bucketing == "off"


@pytest.mark.parametrize(
    ("changes", "code", "key"),
    [
        ({"max_length": 41}, "plan.length", "max_length"),
        ({"metric": "qwk"}, "plan.metric", "metric"),
        ({"metric": "eval_loss"}, "plan.metric", "metric"),
        ({"warmup_steps": 10_000}, "plan.warmup", "warmup_steps"),
        ({"eval_every": 10_000}, "plan.eval_every", "eval_every"),
        ({"freeze.layers": 0}, "freeze.nothing", "freeze"),
        ({"freeze.layers": 9}, "freeze.layers", "freeze.layers"),
        ({"freeze.pattern": "."}, "freeze.everything", "freeze"),
    ],
)
def test_what_cannot_work_is_refused(changes: dict[str, Any], code: str, key: str, home: Book) -> None:
    error = refused(home, **changes)
    assert (error.code, error.key) == (code, key)


@pytest.mark.parametrize("kind", ["number", "ordered"])
@pytest.mark.parametrize("changes", [{"label_smoothing": 0.1}, {"class_weights": "balanced"}])
def test_rows_that_act_on_classes_alone(kind: str, changes: dict[str, Any], base: Path, tmp_path: Path) -> None:
    book = init(
        tmp_path / "book", small.write_records(tmp_path / "rows.csv", kind, 80), model=str(base),
        options=small.options(kind),
    )  # fmt: skip
    error = refused(book, **changes)
    assert (error.code, error.key) == ("plan.numbers", next(iter(changes)))


class Inner(Technique):
    """Says nothing."""

    key: ClassVar[str] = "inner"
    after: ClassVar[frozenset[str]] = frozenset({"outer"})


class Outer(Technique):
    """Says nothing."""

    key: ClassVar[str] = "outer"


class Round(Technique):
    """Wants to come after what wants to come after it."""

    key: ClassVar[str] = "round"
    after: ClassVar[frozenset[str]] = frozenset({"square"})


class Square(Technique):
    """As `Round`."""

    key: ClassVar[str] = "square"
    after: ClassVar[frozenset[str]] = frozenset({"round"})


class Greedy(Technique):
    """Needs what no task gives, or conflicts."""

    key: ClassVar[str] = "greedy"
    needs: ClassVar[frozenset[str]] = frozenset({"moon", "item_logits"})


class Loner(Technique):
    """Stands beside nobody."""

    key: ClassVar[str] = "loner"
    conflicts: ClassVar[frozenset[str]] = frozenset({"outer", "inner"})


class Stopper(Technique):
    """Freezes all without a word."""

    key: ClassVar[str] = "stopper"

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        return model.requires_grad_(False)


class Bystander(Technique):
    """Touches the model, and leaves all of it to be trained."""

    key: ClassVar[str] = "bystander"
    after: ClassVar[frozenset[str]] = frozenset({"stopper"})

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        return model


@pytest.fixture
def more(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {kind.key: kind for kind in (Inner, Outer, Round, Square, Greedy, Loner, Stopper, Bystander)}
    known = {**registry.techniques(), **kinds}
    monkeypatch.setattr(registry, "techniques", lambda: known)


def test_the_order_of_weaving(more: None) -> None:
    task = TextClassification()
    assert [item.key for item in order({"inner": {}, "outer": {}}, task)] == ["outer", "inner"]
    assert [item.key for item in order({"inner": {}}, task)] == ["inner"]
    assert order({}, task) == []


@pytest.mark.parametrize(
    ("keys", "code"),
    [(("greedy",), "plan.needs"), (("loner", "outer", "inner"), "plan.conflict"), (("round", "square"), "plan.cycle")],
)
def test_techniques_that_cannot_be_woven(keys: tuple[str, ...], code: str, more: None) -> None:
    with pytest.raises(PlanError) as caught:
        order({key: {} for key in keys}, TextClassification())
    assert caught.value.code == code
    assert caught.value.message


class Tagger(TextClassification):
    """A task whose answers are of tokens."""

    key: ClassVar[str] = "tagger"
    gives: ClassVar[frozenset[str]] = frozenset({"embeddings", "layers", "head", "item_logits"})


def test_what_needs_answers_of_whole_rows_cannot_be_had_with_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong: dict[str, str] = {}
    for key in registry.techniques():
        try:
            order({key: {}}, Tagger(), more=frozenset({"past"}))
        except PlanError as error:
            assert error.code == "plan.needs" and "tagger" in error.message
            if key != "ngame" and error.value not in ("candidates", "sequences"):  # no answers of rows are meant
                assert "answer" in error.message
                wrong[key] = error.value
    fitted = ("head_start", "linear_probe", "setfit")
    whole = ("mixup", "multi_task", "sample_weights", "self_training", *fitted)
    assert wrong.pop("distill") == "answer_logits"
    assert wrong == {**dict.fromkeys(whole, "row_logits"), **dict.fromkeys(("p_tuning", "prompt"), "free_tokens")}
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    with pytest.raises(PlanError) as caught:
        order({"prompt": {}}, Tagger())
    assert "不依赖词元位置的输出" in caught.value.message


def test_nothing_left_to_train_names_what_froze_it(home: Book, more: None, monkeypatch: pytest.MonkeyPatch) -> None:
    switched: dict[str, dict[str, Any]] = {"bystander": {}, "no_decay": {}, "stopper": {}}
    monkeypatch.setattr("tunebook.verbs.steps.plan.techniques_of", lambda table: switched)
    found = refused(home)
    assert (found.code, found.key) == ("plan.nothing", "stopper")


def test_the_id_is_that_of_what_decides_the_outcome(home: Book, base: Path, tmp_path: Path) -> None:
    first = made(home)
    assert made(home).id == first.id
    moved = tmp_path / "moved"
    shutil.copytree(base, moved)
    assert made(home, base_model=str(moved)).id == first.id, "the same model elsewhere"
    table = home.champion.model_copy(update={"version": 9, "note": "other", "owner": "Bob"})
    assert plan(table, home.data).id == first.id
    data = home.data.model_copy(update={"path": tmp_path / "book" / "data"})
    shutil.copytree(home.data.path, data.path)
    assert plan(home.champion, data).id == first.id
    config = moved / "config.json"
    config.write_text(config.read_text().replace('"hidden_act": "gelu"', '"hidden_act": "relu"'))
    others = [
        made(home, learning_rate=0.5), made(home, with_seed=7), made(home, **{"freeze.layers": 1}),
        made(home, base_model=str(moved)), made(home, batch_size=7),
    ]  # fmt: skip
    assert len({first.id, *(other.id for other in others)}) == 6


def test_a_technique_switched_on_and_off_again_is_as_if_never_named(home: Book) -> None:
    on = child(home.champion, {"layer_decay.rate": 0.9})
    assert plan(on, home.data).techniques == {"layer_decay": {"rate": 0.9}}
    assert plan(child(on, {"layer_decay": "off"}), home.data).id == made(home).id


def test_the_seed_of_the_arms_of_a_test(home: Book) -> None:
    found = made(home, with_seed=7)
    assert (found.seed, found.params.seed) == (7, 7)
    assert made(home).seed == 42


@pytest.mark.usefixtures("even_speed")
def test_parameters_are_counted_exactly(home: Book, base: Path) -> None:
    model = TextClassification().build(base, home.data.labels, Training())
    total = sum(parameter.numel() for parameter in model.parameters())
    found = made(home)
    assert found.estimate.parameters == found.estimate.trained == total
    frozen = made(home, **{"freeze.layers": "all"}).estimate
    head = [p.numel() for n, p in model.named_parameters() if n.startswith(("classifier", "bert.pooler"))]
    assert (frozen.parameters, frozen.trained) == (total, sum(head))
    assert frozen.memory_bytes < found.estimate.memory_bytes
    assert frozen.seconds < found.estimate.seconds


def chinese(tmp_path: Path) -> Path:
    path = tmp_path / "zh.csv"
    lines = [
        f"第{number}次住这家酒店，房间很{'好' if number % 2 else '差'}，{'好' if number % 2 else '差'}"
        for number in range(60)
    ]
    path.write_text("text,label\n" + "".join(f'"{line}",{line[-1]}\n' for line in lines), encoding="utf-8")
    return path


def test_a_tokenizer_that_cannot_read_the_texts(base: Path, tmp_path: Path) -> None:
    options = DataOptions(text="text", label="label")
    with pytest.raises(DataError) as caught:
        init(tmp_path / "book", chinese(tmp_path), model=str(base), options=options)
    assert caught.value.code == "data.unknown_tokens"
    assert not (tmp_path / "book").exists()
    allow = frozenset({"unknown_tokens"})
    book = init(tmp_path / "book", chinese(tmp_path), model=str(base), options=options, allow=allow)
    with pytest.raises(DataError) as caught:
        plan(book.champion, book.data)
    assert caught.value.code == "data.unknown_tokens"
    assert plan(book.champion, book.data, allow=allow).params.max_length >= 8


def test_pickled_weights_have_to_be_allowed(home: Book, base: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(base, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    table = child(home.champion, {"base_model": str(folder)})
    with pytest.raises(ModelError) as caught:
        plan(table, home.data)
    assert caught.value.code == "model.pickle"
    assert plan(table, home.data, allow=frozenset({"pickle"})).model == str(folder)


def test_positions() -> None:
    tokenizer = small.tokenizer()
    assert positions({"model_type": "bert", "max_position_embeddings": 30}, tokenizer) == 30
    assert positions({"model_type": "bert", "max_position_embeddings": 512}, tokenizer) == 40
    for kind in ("roberta", "xlm-roberta", "camembert"):
        assert positions({"model_type": kind, "max_position_embeddings": 32}, tokenizer) == 30
    tokenizer.model_max_length = int(1e30)
    assert positions({"model_type": "deberta-v2"}, tokenizer) == 10**6
    tokenizer.model_max_length, tokenizer.init_kwargs[REACH] = 8, 64  # of a trained model: it cuts at 8 and can read 64
    assert positions({"model_type": "deberta-v2"}, tokenizer) == 64


def test_a_second_plan_reads_neither_rows_nor_tokenizer(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "base"
    shutil.copytree(base, other)
    monkeypatch.setattr("tunebook.models.source._SETTLED", 0)  # as if the model had not been written a moment ago
    file = small.write_records(tmp_path / "rows.csv", "classes", 80)
    book = init(tmp_path / "book", file, model=str(other), options=small.options("classes"))
    fresh = tmp_path / "fresh"
    shutil.copytree(book.data.path, fresh / "data")
    slow = plan(book.champion, book.data.model_copy(update={"path": fresh / "data"}))
    monkeypatch.setattr("tunebook.models.source.model_id", lambda *_: pytest.fail("read again"))
    for name in ("load_reader", "_read"):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("read again"))
    found = plan(book.champion, book.data)
    assert (found.id, found.params, found.model_id) == (slow.id, slow.params, slow.model_id)
    assert found.estimate.cut_share == slow.estimate.cut_share


def test_another_tokenizer_is_read_anew(home: Book, base: Path, tmp_path: Path) -> None:
    other = tmp_path / "base"
    shutil.copytree(base, other)
    words = other / "tokenizer.json"
    words.write_text(words.read_text().replace('"BertPreTokenizer"', '"WhitespaceSplit"').replace('"room"', '"rooms"'))
    before = module.read_tokens(home.data, base)
    after = module.read_tokens(home.data, other)
    assert (before["unknown_share"], after["unknown_share"] > 0) == (0, True)
    assert module.read_tokens(home.data, base) == before


def test_a_limit_on_what_is_trained(home: Book) -> None:
    """It is checked with methods, with frozen layers and without either, and is no part of what a plan is."""
    whole, small_part = made(home), made(home, bitfit="on")
    share = small_part.estimate.trained / small_part.estimate.parameters
    assert 0 < share < 0.5 and "max_trained_share" not in whole.params.model_dump()
    assert made(home, max_trained_share=1.0).id == whole.id
    assert made(home, max_trained_share=share + 1e-6, bitfit="on").id == small_part.id
    for more in ({"bitfit": "on"}, {}, {"freeze.layers": 1}):
        error = refused(home, max_trained_share=share - 1e-3, **more)
        assert error.code == "peft.share" and error.key == "max_trained_share" and error.allowed.startswith(">= ")
    assert refused(home, max_trained_share=0.5).allowed == ">= 1"
    with pytest.raises(TunebookError, match="> 0 and <= 1"):
        made(home, max_trained_share=0)
