"""What is remembered of looks: error spent, alarms told once, known and raised again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.watch.course import (
    ANSWERS,
    LOOKS,
    MISTAKES,
    STREAM,
    YEAR,
    Alarm,
    Course,
    Look,
    Mistakes,
    acknowledged,
    alpha_of,
    raised,
    read_course,
    with_alarms,
    with_look,
    write_course,
)
from tunebook.watch.signals import Shown, Signal


def signal(name: str = "input.mmd", p: float = 0.5, *, alarm: bool = False) -> Signal:
    return Signal(name=name, kind="ks", statistic=0.1, p_value=p, alarm=alarm, shown=Shown(names=["a"], old=[1.0]))


def test_the_error_of_a_year_is_never_spent_twice_and_the_next_year_has_its_own() -> None:
    course, spent = Course(), 0.0
    for day in range(365):
        course, alpha = alpha_of(course, 1e9 + day * 86_400, 0.05)
        spent += alpha
    assert 0.9 * LOOKS * 0.05 < spent <= LOOKS * 0.05
    assert pytest.approx(1.0) == LOOKS + MISTAKES
    later, alpha = alpha_of(course, 1e9 + YEAR, 0.05)
    assert (later.looks, later.began) == (1, 1e9 + YEAR)
    assert alpha == pytest.approx(LOOKS * 0.05 / 4)


def test_a_clock_that_goes_back_spends_nothing_twice() -> None:
    course, _ = alpha_of(Course(), 1000.0, 0.05)
    course, there = alpha_of(course, 1000.0 + YEAR / 2, 0.05)
    course, back = alpha_of(course, 1000.0, 0.05)
    course, again = alpha_of(course, 1000.0 + YEAR / 2, 0.05)
    assert there > 0.05 * LOOKS / 4
    assert back == pytest.approx(0.05 * LOOKS / 24)
    assert again == pytest.approx(0.05 * LOOKS / 40)


def test_holm_says_which_signals_are_raised() -> None:
    found = raised([signal(p=0.009), signal(p=0.2), signal(p=0.0001)], 0.02)
    assert [item.alarm for item in found] == [True, False, True]


def test_an_alarm_is_told_once_known_and_raised_again_after_a_quiet_look() -> None:
    loud, quiet = [signal(p=0, alarm=True)], [signal()]
    course, first = with_alarms(Course(), loud, "r", 1.0)
    assert [alarm.number for alarm in first] == [1]
    course, again = with_alarms(course, loud, "r", 2.0)
    assert again == []
    course, _ = with_alarms(course, quiet, "r", 3.0)
    assert len(course.open()) == 1  # nobody has seen it yet
    course, count = acknowledged(course, 4.0, "ann")
    assert (count, course.open(), course.alarms[0].by) == (1, [], "ann")
    course, again = with_alarms(course, loud, "r", 5.0)
    assert again == []  # it is known
    course, _ = with_alarms(course, quiet, "r", 6.0)
    course, again = with_alarms(course, loud, "r", 7.0)
    assert [alarm.number for alarm in again] == [2]
    course, other = with_alarms(course, loud, "r2", 8.0)
    assert len(other) == 1  # of another run
    assert [alarm.number for alarm in course.open("r")] == [2]
    assert [alarm.number for alarm in course.open("r2")] == [3]
    assert len(course.open()) == 2


def test_looks_are_kept_in_short(tmp_path: Path) -> None:
    found = [signal(), signal(ANSWERS), signal(STREAM)]
    look = Look(number=1, run="r", since=1.0, until=9.0, rows=50, alpha=0.01, signals=found)
    course = with_look(Course(), look, kept=True)
    assert [bool(item.shown.names) for item in course.short[0].signals] == [False, True, False]
    assert course.read == 9.0
    assert with_look(course, look.model_copy(update={"until": 99.0}), kept=False).read == 9.0
    for _ in range(500):
        course = with_look(course, look, kept=True)
    assert len(course.short) == 400
    write_course(course, tmp_path)
    assert read_course(tmp_path).model_dump_json() == course.model_dump_json()
    assert read_course(tmp_path / "none") == Course()


def test_the_stream_goes_on_from_what_was_kept() -> None:
    fresh = Mistakes(run="r", most=0.2)
    assert fresh.stream().rows == 0
    went = fresh.stream().after([True, False, True])
    kept = Mistakes(run="r", most=0.2, rows=3, logs=list(went.logs), best=went.best)
    assert kept.stream() == went
    assert Alarm(number=1, at=0.0, run="r", signal=signal()).sent is False
