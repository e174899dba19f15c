"""Which causes there are, and what each asks for before it speaks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.books import Trained
from tests.diagnosis.worlds import FAULTS, healthy

from tunebook.core.localized import Localized
from tunebook.core.messages import say
from tunebook.diagnosis.causes import attributed, finders
from tunebook.diagnosis.causes.bad_slice import BadSlice
from tunebook.diagnosis.causes.capacity import Capacity
from tunebook.diagnosis.causes.cut_texts import CutTexts
from tunebook.diagnosis.causes.few_of_class import FewOfClass
from tunebook.diagnosis.causes.few_rows import FewRows
from tunebook.diagnosis.causes.leak import Leak
from tunebook.diagnosis.causes.merged import Merged
from tunebook.diagnosis.causes.noise import Noise
from tunebook.diagnosis.causes.overfit import Overfit
from tunebook.diagnosis.causes.shift import Shift
from tunebook.diagnosis.causes.tokens import Tokens
from tunebook.diagnosis.causes.told import Told
from tunebook.diagnosis.causes.underfit import Underfit
from tunebook.diagnosis.causes.unstable import Unstable
from tunebook.diagnosis.finder import MOST, Finder
from tunebook.diagnosis.fitting import Fitting, fall, fitting, rise
from tunebook.diagnosis.frozen import frozen
from tunebook.diagnosis.other_bases import Base
from tunebook.diagnosis.part_words import slice_words
from tunebook.diagnosis.seen import drawn
from tunebook.report.page import render

ALL = (
    BadSlice, Capacity, CutTexts, FewOfClass, FewRows, Leak, Merged, Noise, Overfit, Shift, Told, Tokens, Underfit,
    Unstable,
)  # fmt: skip


def test_all_causes_are_found_by_scanning() -> None:
    assert {type(one) for one in finders()} == set(ALL)
    assert all(isinstance(one, Finder) for one in finders())
    assert [one.key for one in finders()] == sorted(one.key for one in finders())


@pytest.mark.parametrize("kind", ALL)
def test_nothing_is_found_where_nothing_is_wrong(kind: type[Finder]) -> None:
    found = kind().find(healthy(3).seen())
    assert found is None or not found.serious


def test_two_classes_of_two_are_never_one() -> None:
    world = FAULTS["merged"](healthy())
    labels = tuple(side % 2 for side in world.labels)
    two = replace(world, labels=labels, said=world.said % 2, names=["a", "b"])
    assert Merged().find(two.seen()) is None


def test_a_bad_part_is_named_in_words() -> None:
    seen = FAULTS["slice"](healthy()).seen()
    cause = BadSlice().find(seen)
    assert cause is not None
    (worst,) = [one for one in seen.found.slices.found if one.ids[:MOST] == cause.ids]
    assert cause.what == f"Worse than the other rows: {slice_words(worst)}."
    assert isinstance(cause.what, Localized) and isinstance(cause.what.fields["name"], Localized)


def test_an_overfit_run_is_not_blamed_for_wrong_labels() -> None:
    world = FAULTS["noise"](healthy())
    seen = replace(world, said=FAULTS["overfit"](world).said, learnt=world.learnt * 0).seen()
    assert fitting(seen).noise > 0.1
    assert attributed(seen)[0].key == "noise"


def test_fitting_is_what_run_and_probe_are_wrong() -> None:
    world = FAULTS["underfit"](healthy())
    seen = world.seen()
    found = fitting(seen)
    assert isinstance(found, Fitting)
    assert found.judged == pytest.approx(world.wrong.mean())
    assert found.learnt == pytest.approx(world.learnt.mean())
    assert found.unlearnt == found.learnt
    gain = (world.wrong - seen.probe_wrong).sum() / world.wrong.sum()
    assert found.gain.value == pytest.approx(gain)


def test_no_more_is_read_than_the_model_has_positions_for() -> None:
    first = attributed(FAULTS["cut_texts"](healthy()).seen())[0]
    assert [step.rows for step in first.next] == [{"max_length": 48}]  # not twice the 32 of now


def test_two_seeds_are_too_few_to_tell() -> None:
    world = FAULTS["unstable"](healthy())
    assert Unstable().find(replace(world, seeds=world.seeds[:1]).seen()) is None


@pytest.mark.parametrize("fault", ["tokens", "capacity"])
def test_a_base_model_that_makes_more_of_the_rows_is_a_candidate(fault: str) -> None:
    seen = FAULTS[fault](healthy()).seen()
    commands = [step.command for step in attributed(seen)[0].next]
    assert commands == ["tunebook bases BOOK"]
    again = FAULTS[fault](healthy()).seen()
    vars(again)["base"] = Base("builtin:multilingual", np.zeros(len(again.mass)))
    first = attributed(again)[0]
    assert first.key == fault
    assert first.next[0].rows == {"base_model": "builtin:multilingual"}
    assert any("builtin:multilingual" in line for line in first.evidence)
    worse = FAULTS[fault](healthy()).seen()
    vars(worse)["base"] = Base("builtin:multilingual", np.ones(len(again.mass)))
    assert [step.command for step in attributed(worse)[0].next] == commands


def test_words_in_shreds_are_not_read() -> None:
    world = FAULTS["tokens"](healthy())
    seen = replace(world, unknown=0.0).seen()
    seen.tokens.update(joints=0.2, pieces=3.4)
    assert seen.unread
    first = attributed(seen)[0]
    assert first.key == "tokens"
    assert "3.4" in first.evidence[0]


def test_a_leak_of_all_rows_leaves_none_to_compare_with() -> None:
    world = healthy()
    texts = ([f"{text} !" for text in world.texts[1]] + world.texts[0][300:], world.texts[1])
    assert Leak().find(replace(world, texts=texts).seen()) is None


def test_rows_that_repeat_each_other_everywhere_are_no_leak() -> None:
    world = FAULTS["leak"](healthy())
    twice = [world.texts[0][row // 2] + " !" * (row % 2) for row in range(len(world.texts[0]))]
    one = replace(world, texts=(twice, [world.texts[0][row % 150] + "." for row in range(300)]))
    assert Leak().find(one.seen()) is None


def test_words_of_few_rows_tell_nothing() -> None:
    world = FAULTS["told"](healthy())
    rare = [text if row % 4 else text.split(" code")[0] for row, text in enumerate(world.texts[1])]
    few = [text if row < 60 else text.split(" code")[0] for row, text in enumerate(rare)]
    assert Told().find(replace(world, texts=(world.texts[0], few)).seen()) is None


def test_rows_beyond_the_most_are_drawn() -> None:
    assert drawn(5, 10).tolist() == [0, 1, 2, 3, 4]
    found = drawn(1000, 10)
    assert len(set(found.tolist())) == 10
    assert (np.diff(found) > 0).all()


def test_frozen_vectors_are_those_of_the_base_model_and_are_kept(trained: object) -> None:
    one: Trained = trained("pairs")  # type: ignore[operator]
    from tunebook.diagnosis.looked import look

    rows = look(one.run).rows
    first = frozen(one.run, rows)
    assert first.shape[0] == len(rows)
    kept = list((one.run.book / "cache").glob("frozen-*.npz"))
    before = {path: path.stat().st_mtime_ns for path in kept}
    assert np.array_equal(frozen(one.run, rows), first)
    assert before == {path: path.stat().st_mtime_ns for path in kept}
    kept[0].write_bytes(b"broken")
    np.testing.assert_allclose(frozen(one.run, rows), first, atol=1e-6)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_section_shows_each_cause_with_its_steps(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    causes = attributed(FAULTS["noise"](healthy()).seen())
    page = render("causes.html.j2", causes=causes, unasked="", unserious="", tested="tunebook ab b champion latest")
    assert say("causes.title") in page
    assert causes[0].next[0].command in page
    assert "tunebook ab b champion latest" in page
    assert "it is said" not in page
    assert "it is said" in render("causes.html.j2", causes=[], unasked="", unserious="it is said", tested="")


def test_curves_tell_of_a_loss_that_rose_or_still_falls() -> None:
    losses = [{"step": step, "loss": 3.0 - step / 4} for step in range(1, 9)]
    looks = [{"step": step, "eval_loss": loss} for step, loss in ((2, 0.9), (4, 0.5), (6, 0.7), (8, 1.1))]
    assert fall(losses) == {"first": "2.62", "before": "1.62", "last": "1.12"}
    assert fall(losses[:3]) is None
    assert rise(looks) == {"step": "4", "low": "0.50", "last": "1.10"}
    assert rise(looks[:2]) is None
    assert rise([*looks[:3], {"step": 8, "eval_loss": 0.52}]) is None
    for fault, history, figure in (("overfit", looks, "1.10"), ("underfit", losses, "1.62")):
        world = replace(FAULTS[fault](healthy()), history=history)
        first = attributed(world.seen())[0]
        assert first.key == fault
        assert figure in first.evidence[-1]


def test_wrong_training_labels_that_a_run_learnt_by_heart_are_named() -> None:
    world = healthy()
    other = (world.labels[0] + world.rng.integers(1, 4, 400)) % 4
    flipped = np.where(world.rng.random(400) < 0.35, other, world.labels[0])
    said = FAULTS["overfit"](world).said
    noisy = replace(world, labels=(flipped, world.labels[1]), said=said, learnt=world.learnt * 0)
    found = Noise().find(noisy.seen())
    assert found is not None
    assert (found.serious, found.where) == (True, "train")
    unlearnt = Noise().find(replace(noisy, said=world.said, learnt=np.ones(400)).seen())
    assert unlearnt is not None
    assert not unlearnt.serious
