"""Alarms to where nobody looks at a screen: a webhook, and files of mail. Neither holds a word of what was asked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tunebook.core.errors import PlanError
from tunebook.core.files import part_of
from tunebook.core.messages import say
from tunebook.watch.course import Alarm

_TRIES, _WAIT, _PATIENCE = 3, 1.0, 10.0  # how often, seconds before the second try, and of each
_DIGITS = 4


def alarm_data(book: str, alarms: Sequence[Alarm]) -> dict[str, Any]:
    """What a webhook is sent: names, numbers and times, and of answers the name of a class."""
    return {
        "book": book,
        "alarms": [
            {
                "number": alarm.number,
                "at": datetime.fromtimestamp(alarm.at, UTC).isoformat(timespec="seconds"),
                "run": alarm.run,
                "signal": alarm.signal.name,
                "statistic": _rounded(alarm.signal.statistic),
                "p_value": alarm.signal.p_value,
                "old": _rounded(alarm.signal.old),
                "new": _rounded(alarm.signal.new),
                "class": alarm.signal.where if alarm.signal.name.startswith(("answer", "label")) else "",
            }
            for alarm in alarms
        ],
        "next": f"tunebook retrain {book}",
    }


def _rounded(value: float) -> float | None:
    return round(value, 6) if value == value else None


def check_webhook(url: str) -> None:
    """Refuse what is no address of a web server.

    Raises:
        PlanError: `watch.webhook`.
    """
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise PlanError("watch.webhook", key="[watch] webhook", value=url, allowed="https://…")


def post(url: str, data: dict[str, Any], sleep: Callable[[float], None] = time.sleep) -> str:
    """Send alarms as JSON; tries again after 1 and 2 seconds where nobody answers, or with 429 or 5xx.

    Returns:
        Why they did not arrive; empty where they did.
    """
    check_webhook(url)
    body = json.dumps(data, ensure_ascii=False).encode()
    asked = Request(url, body, {"Content-Type": "application/json", "User-Agent": "tunebook"}, method="POST")
    why = ""
    for number in range(_TRIES):
        if number:
            sleep(_WAIT * 2 ** (number - 1))
        try:
            with urlopen(asked, timeout=_PATIENCE) as answer:
                answer.read(1)
            return ""
        except HTTPError as error:
            why = f"HTTP {error.code}"
            error.close()
            if error.code < 500 and error.code != 429:
                break
        except (URLError, OSError, ValueError) as error:
            why = str(getattr(error, "reason", error))
    return why


def mail(place: Path, to: str, book: str, alarms: Sequence[Alarm]) -> Path:
    """Write a letter with alarms beside `place`, as `alarm-0003.eml` of `alarm.eml`: any mail program sends it.

    Raises:
        OSError: the disk is full, or there can be no file in this folder.
    """
    letter = EmailMessage(policy=SMTP)
    names = ", ".join(alarm.signal.name for alarm in alarms)
    letter["Subject"] = " ".join(say("watch.mail_subject", book=Path(book).name, signals=names).split())
    letter["From"] = letter["To"] = to or "tunebook@localhost"
    letter["Date"] = format_datetime(datetime.fromtimestamp(alarms[-1].at, UTC))
    letter["Message-ID"] = make_msgid(domain="tunebook.invalid")
    lines = [sentence(alarm) for alarm in alarms]
    letter.set_content("\n".join([*lines, "", say("watch.next", book=book)]) + "\n")
    path = place.with_name(f"{place.stem}-{alarms[-1].number:0{_DIGITS}}{place.suffix or '.eml'}")
    with part_of(path) as part:
        part.write_bytes(letter.as_bytes())
    return path


def p_text(value: float) -> str:
    """A p-value: small ones as a power of ten."""
    return f"{value:.3f}" if value >= 0.001 else "< 1e-300" if value < 1e-300 else f"{value:.0e}"


def sentence(alarm: Alarm) -> str:
    """An alarm in words."""
    from tunebook.core.formatting import phrase

    signal = alarm.signal
    known = {"name": phrase("signal", signal.name), "p": p_text(signal.p_value), "number": alarm.number}
    if signal.old != signal.old:
        return say("watch.alarm", **known, statistic=f"{signal.statistic:.4g}")
    if signal.kind == "share":
        ends = {"old": f"{signal.old:.1%}", "new": f"{signal.new:.1%}", "where": signal.where}
        told = signal.where and signal.name in ("answer.label", "label.true", "input.language")
        return say("watch.alarm_class" if told else "watch.alarm_from", **known, **ends)
    return say("watch.alarm_from", **known, old=f"{signal.old:.4g}", new=f"{signal.new:.4g}")


__all__ = ["alarm_data", "check_webhook", "mail", "p_text", "post", "sentence"]
