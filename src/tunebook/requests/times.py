"""Moments as people say them: a day, a time, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tunebook.core.errors import DataError

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
ALLOWED = "2026-12-01 | 2026-12-01T08:00 | 7d | 12h | 30m"


def moment(text: str, now: float) -> float:
    """Seconds since 1970 of a day or time (UTC, unless it names a zone), or of so long before now.

    Raises:
        DataError: `requests.moment`.
    """
    said = text.strip()
    if ago := _AGO.fullmatch(said):
        return now - timedelta(**{_UNITS[ago[2]]: float(ago[1])}).total_seconds()
    try:
        found = datetime.fromisoformat(said)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise DataError("requests.moment", key=text, value=text, allowed=ALLOWED) from error


def shown(at: float) -> str:
    """A moment in UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


__all__ = ["ALLOWED", "moment", "shown"]
