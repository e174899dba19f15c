"""Moments from what people and programs write: dates with the year, the day or the month first, names of months,
twelve and twenty-four hours, seconds and thousandths since 1970, days of a sheet since 1900."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.data.columns import text_column

UNKNOWN = np.iinfo(np.int64).min
FORMS = (
    "2025-01-31 | 2025/1/31 | 2025年1月31日 | 20250131 | 2025-01 | 2025 | 31/01/2025 | 01/31/2025 | 31.1.2025 | "
    "31 Jan 2025 | January 31, 2025 | … 15:04:05 | … 3:04 PM +02:00 | 1738281600 | 1738281600000"
)

_TIME = re.compile(
    r"(?:(?<=[\sT,日])|(上午|下午|晚上)\s*)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:\s*([AaPp])\.?[Mm]\.?)?"
)
_ZONE = re.compile(r"\s*(?:Z|(?:UTC|GMT)?(?:([+-])(\d{1,2}):?(\d{2})?)?)(?:\s*\([A-Z]{2,5}\))?(?=\s|$)")
_YEAR = re.compile(r"((?:1[5-9]|2[01])\d{2})年?")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2}))?")
_SINCE_1970 = ((r"\d{9,11}(?:\.\d+)?", 1), (r"\d{12,13}", 10**3), (r"\d{15,16}", 10**6), (r"\d{18,19}", 10**9))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WORD = re.compile(r"[A-Za-z]+")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHEET_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
_SHEET_DAYS = (20_000, 80_000)  # 1954 to 2119


@dataclass(frozen=True)
class _Clock:
    """The time of a day and its distance from UTC."""

    hour: int = 0
    minute: int = 0
    second: int = 0
    micro: int = 0
    ahead: timedelta = timedelta()


def moments(column: pa.ChunkedArray, name: str = "") -> NDArray[np.int64]:
    """Microseconds since 1970 of each row, shape (N,); UNKNOWN where the cell says none.

    Args:
        name: of the column, for messages.

    Raises:
        DataError: `data.time_order`, nothing tells whether days or months stand first.
    """
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.timestamp("us"), safe=False)
        return np.asarray(pc.fill_null(column.cast(pa.int64()), UNKNOWN).to_numpy())
    coded = text_column(column).combine_chunks().dictionary_encode()
    words = ["" if word is None else word.strip() for word in coded.dictionary.to_pylist()]
    day_first = _day_first([word for word in words if word], name)
    serial = all(map(_is_serial, filter(None, words)))
    values = [_moment(word, day_first, serial) for word in words]
    table = np.array([*values, UNKNOWN], dtype=np.int64)
    codes = pc.fill_null(coded.indices, len(values)).to_numpy()
    return np.asarray(table[codes])


def _day_first(words: Iterable[str], name: str) -> bool:
    """Whether 3/4/2025 is the third of April, as the other cells of the column show."""
    found = [match for word in words if (match := _YEAR_LAST.match(word)) and match.group(2) != "."]
    first = any(int(match.group(1)) > 12 for match in found)
    second = any(int(match.group(3)) > 12 for match in found)
    if found and first == second and any(match.group(1) != match.group(3) for match in found):
        raise DataError("data.time_order", key=name, value=found[0].group(), allowed=FORMS)
    return not second


def _is_serial(word: str) -> bool:
    return bool(re.fullmatch(r"\d{5}(\.\d+)?", word)) and _SHEET_DAYS[0] <= float(word) <= _SHEET_DAYS[1]


def _moment(word: str, day_first: bool, serial: bool) -> int:
    try:
        if word and serial:
            return _micros(_SHEET_EPOCH + timedelta(days=float(word)))
        for form, parts in _SINCE_1970:
            if re.fullmatch(form, word):
                return int(float(word) * 1_000_000) if parts == 1 else int(word) * 1_000_000 // parts
        return _written(word, day_first)
    except (ValueError, OverflowError):
        return int(UNKNOWN)


def _written(word: str, day_first: bool) -> int:
    """A date, perhaps with a time.

    Raises:
        ValueError: it is none.
    """
    compact = _COMPACT.fullmatch(word)
    if compact:
        year, month, day, hour, minute, second = (int(part or 0) for part in compact.groups())
        return _micros(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    if re.fullmatch(r"\d{4}-?W\d{2}(-?\d)?", word):
        return _micros(datetime.fromisoformat(word).replace(tzinfo=UTC))
    clock, rest = _clock(word)
    year, month, day = _date(rest, day_first)
    moment = datetime(year, month, day, clock.hour, clock.minute, clock.second, clock.micro, UTC)
    return _micros(moment - clock.ahead)


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _clock(word: str) -> tuple[_Clock, str]:
    """The time of the day in a text, and the text without it."""
    match = _TIME.search(word)
    if match is None:
        return _Clock(), word
    chinese, hour, minute, second, fraction, half = match.groups()
    number = int(hour)
    if half or chinese:
        late = (half or "").lower() == "p" or chinese in ("下午", "晚上")
        if not 1 <= number <= 12:
            raise ValueError(word)
        number = number % 12 + 12 * late
    zone = _ZONE.match(word, match.end())
    ahead, end = timedelta(), match.end()
    if zone:
        sign, hours, minutes = zone.groups()
        ahead = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
        end = zone.end()
    micro = int((fraction or "0").ljust(6, "0")[:6])
    return _Clock(number, int(minute), int(second or 0), micro, ahead), word[: match.start()] + " " + word[end:]


def _date(text: str, day_first: bool) -> tuple[int, int, int]:
    text = re.sub(r"[\s,]*[T,]?[\s,]*$", "", text.strip())
    if match := _YEAR.fullmatch(text):
        return int(match.group(1)), 1, 1
    if match := _YEAR_FIRST.fullmatch(text):
        return int(match.group(1)), int(match.group(2)), int(match.group(3) or 1)
    if match := _YEAR_LAST.fullmatch(text):
        first, second, year = int(match.group(1)), int(match.group(3)), int(match.group(4))
        day, month = (first, second) if day_first or match.group(2) == "." else (second, first)
        return _whole_year(year, match.group(4)), month, day
    return _named(text)


def _whole_year(year: int, digits: str) -> int:
    """Years of two digits as POSIX reads them: 69 to 99 are of the last century."""
    return year if len(digits) == 4 else year + (1900 if year >= 69 else 2000)


def _named(text: str) -> tuple[int, int, int]:
    """A date with the name of a month: `Fri, 31 Jan 2025`, `January 31st, 2025`, `Jan 2025`."""
    text = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", text)
    words = [word.lower() for word in _WORD.findall(text)]
    months = [_MONTHS.index(word[:3]) + 1 for word in words if word[:3] in _MONTHS]
    others = [word for word in words if word[:3] not in (*_MONTHS, *_DAYS)]
    numbers = re.findall(r"\d+", text)
    years = [number for number in numbers if len(number) == 4]
    days = [number for number in numbers if len(number) < 3]
    if len(months) != 1 or others or len(years) + len(days) != len(numbers):
        raise ValueError(text)
    if not years and len(days) == 2:
        years = [str(_whole_year(int(days[1]), days.pop()))]
    if len(years) != 1 or len(days) > 1:
        raise ValueError(text)
    return int(years[0]), months[0], int(days[0]) if days else 1


__all__ = ["FORMS", "UNKNOWN", "moments"]
