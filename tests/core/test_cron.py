"""The same days for cron, APScheduler and systemd."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tunebook.core.cron import WORDS, recurs
from tunebook.core.errors import TableError

UTC = ZoneInfo("UTC")


def fires(when: str, count: int) -> list[datetime]:
    """The next times by APScheduler itself, from the first of December 2026, a Tuesday."""
    trigger_of = pytest.importorskip("apscheduler.triggers.cron").CronTrigger
    trigger = trigger_of(**recurs(when).apscheduler, timezone=UTC)
    found, last, now = [], None, datetime(2026, 12, 1, 12, tzinfo=UTC)
    while len(found) < count:
        last = trigger.get_next_fire_time(last, now)
        assert last is not None
        found.append(last)
        now = last + timedelta(seconds=1)
    return found


@pytest.mark.parametrize("number", [0, 7, 1, 2, 3, 4, 5, 6])
def test_a_weekday_of_cron_is_that_day_everywhere(number):
    found = recurs(f"0 3 * * {number}")
    (when,) = fires(f"0 3 * * {number}", 1)
    assert when.isoweekday() % 7 == number % 7  # cron: 0 and 7 are Sunday; ISO: 7 is
    assert found.systemd.startswith(when.strftime("%a "))
    assert int(found.cron.split()[-1]) == number % 7


def test_words():
    assert [(at.month, at.day, at.hour) for at in fires("quarterly", 5)] == [
        (1, 1, 3), (4, 1, 3), (7, 1, 3), (10, 1, 3), (1, 1, 3),
    ]  # fmt: skip
    assert [at.day for at in fires("@Monthly", 2)] == [1, 1]
    assert {at.isoweekday() for at in fires("weekly", 4)} == {1}
    assert recurs("quarterly").systemd == "*-01,04,07,10-01 03:00:00"
    assert recurs("weekly").systemd == "Mon *-*-* 03:00:00" and recurs("daily").cron == "0 3 * * *"
    assert all(recurs(word).cron == line for word, line in WORDS.items())


def test_lists_ranges_steps_and_names():
    found = recurs("*/20 8-10/2,22 * jan-mar mon-wed,SUN")
    assert (found.minute, found.hour, found.month) == ((0, 20, 40), (8, 10, 22), (1, 2, 3))
    assert found.weekdays == ("mon", "tue", "wed", "sun") and found.cron == "0,20,40 8,10,22 * 1,2,3 0,1,2,3"
    assert found.systemd == "Mon,Tue,Wed,Sun *-01,02,03-* 08,10,22:00,20,40:00"
    assert recurs("5/30 * * * *").minute == (5, 35) and recurs("0 0 * * 5-7").weekdays == ("fri", "sat", "sun")
    assert recurs("0 0 */10 * *").day == (1, 11, 21, 31)


@pytest.mark.parametrize(
    "text",
    ["", "now and then", "60 * * * *", "* * 0 * *", "0 3 * *", "0 3 * * 8", "0 3 * * 5-2", "*/0 * * * *", "x * * * *",
     "0 3 * foo *", "1- * * * *", "-1 * * * *", "1.5 * * * *", "0 3 * * mon,", "² * * * *"],
)  # fmt: skip
def test_what_is_no_time(text):
    with pytest.raises(TableError) as caught:
        recurs(text)
    assert caught.value.code == "cron.words" and str(caught.value)


def test_day_and_weekday_mean_different_things():
    with pytest.raises(TableError) as caught:
        recurs("0 3 1 * mon")
    assert caught.value.code == "cron.both" and str(caught.value)
