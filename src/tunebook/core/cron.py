"""When something recurs: words or a line of cron, and the same for APScheduler and for systemd.

The three count weekdays in three ways: cron's 0 and 7 are Sunday, APScheduler's 0 is Monday, systemd knows names only.
Here a weekday is a name from the start, so that a Monday is a Monday everywhere. A line that restricts both the day of
the month and the weekday means either of them to cron and both to the others: it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from tunebook.core.errors import TableError

WORDS = {
    "daily": "0 3 * * *",
    "weekly": "0 3 * * 1",
    "monthly": "0 3 1 * *",
    "quarterly": "0 3 1 1,4,7,10 *",
    "yearly": "0 3 1 1 *",
}
_FIELDS = ("minute", "hour", "day", "month", "weekday")
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ALLOWED = " | ".join((*WORDS, "0 3 * * mon"))


@dataclass(frozen=True)
class Recurs:
    """Times that recur, on the clock of the machine.

    Attributes:
        minute, hour, day, month: allowed values, ascending; None for all. weekdays: names (`mon`), None for all.
    """

    minute: tuple[int, ...] | None
    hour: tuple[int, ...] | None
    day: tuple[int, ...] | None
    month: tuple[int, ...] | None
    weekdays: tuple[str, ...] | None

    @property
    def cron(self) -> str:
        """As a line of a crontab; weekdays by number, which every cron reads."""
        fields = [_listed(values) for values in (self.minute, self.hour, self.day, self.month)]
        days = None if self.weekdays is None else sorted(_DAYS.index(name) for name in self.weekdays)
        return " ".join([*fields, _listed(days)])

    @property
    def systemd(self) -> str:
        """As `OnCalendar=` of a systemd timer (systemd.time(7))."""
        days = "" if self.weekdays is None else ",".join(name.capitalize() for name in self.weekdays) + " "
        date = f"*-{_padded(self.month)}-{_padded(self.day)}"
        return f"{days}{date} {_padded(self.hour)}:{_padded(self.minute)}:00"

    @property
    def apscheduler(self) -> dict[str, str]:
        """As the arguments of APScheduler's CronTrigger, whose weekday 0 is Monday: names leave no doubt."""
        values = (self.minute, self.hour, self.day, self.month)
        given = {name: _listed(one) for name, one in zip(_FIELDS, values, strict=False)}
        return {**given, "day_of_week": "*" if self.weekdays is None else ",".join(self.weekdays)}


def recurs(text: str) -> Recurs:
    """What words (`quarterly`) or five fields of cron say.

    Raises:
        TableError: `cron.words`, `cron.both`.
    """
    line = WORDS.get(text.strip().lower().removeprefix("@"), text)
    parts = line.split()
    if len(parts) != len(_FIELDS):
        raise TableError("cron.words", key="when", value=text, allowed=ALLOWED)
    found = [_field(part.lower(), place, text) for place, part in enumerate(parts)]
    minute, hour, day, month, numbers = found
    if day is not None and numbers is not None:
        raise TableError("cron.both", key="when", value=text, allowed=ALLOWED)
    week = None if numbers is None else tuple(dict.fromkeys(_DAYS[number] for number in numbers))
    if week is not None:  # Monday first, for people
        week = tuple(sorted(week, key=lambda name: (_DAYS.index(name) - 1) % 7))
    return Recurs(minute, hour, day, month, week)


def _field(text: str, place: int, whole: str) -> tuple[int, ...] | None:
    """The values of a field; None for all of them."""
    low, high = _BOUNDS[place]
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        try:
            begin = low if span == "*" else _number(first, place)
            alone = span != "*" and not dash
            end = high if span == "*" or (alone and slash) else _number(last, place) if dash else begin
            every = int(step) if slash else 1
        except ValueError:
            begin, end, every = 1, 0, 0
        if not (low <= begin <= end <= high and every >= 1):
            raise TableError("cron.words", key=_FIELDS[place], value=whole, allowed=ALLOWED)
        if part == "*":
            return None
        found |= set(range(begin, end + 1, every))
    return tuple(sorted(found))


def _number(text: str, place: int) -> int:
    names = {3: _MONTHS, 4: _DAYS}.get(place, ())
    if text in names:
        return names.index(text) + (place == 3)
    if not text.isascii() or not text.isdigit():
        raise ValueError(text)
    return int(text)


def _listed(values: tuple[int, ...] | list[int] | None) -> str:
    return "*" if values is None else ",".join(map(str, values))


def _padded(values: tuple[int, ...] | None) -> str:
    return "*" if values is None else ",".join(f"{value:02d}" for value in values)


__all__ = ["ALLOWED", "WORDS", "Recurs", "recurs"]
