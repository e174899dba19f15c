"""Files of statistics programs: SPSS, Stata, SAS and R."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.exports import Unread
from tunebook.data.preview import Preview

_BEGIN = {
    b"$FL2": "SPSS",
    b"$FL3": "SPSS",
    b"<stata_dta>": "Stata",
    b"HEADER RECORD*******LIBRARY": "SAS",
    b"\0" * 12 + b"\xc2\xea\x81\x60": "SAS",
    b"RDX2\n": "R",
    b"RDX3\n": "R",
    b"X\n\0\0\0\2": "R",
    b"X\n\0\0\0\3": "R",
}
_OLD_STATA = range(104, 116)  # first byte of .dta files before Stata 13


class Statistics(Unread):
    """Data with value labels: numbers that stand for names, which are lost in most exports."""

    title: ClassVar[str] = "SPSS / Stata / SAS / R"
    work: ClassVar[str] = "statistics"

    def program(self, preview: Preview) -> str | None:
        """By the first bytes."""
        data = preview.data
        if preview.suffix == ".dta" and data[:1] and data[0] in _OLD_STATA:
            return "Stata"
        return next((name for start, name in _BEGIN.items() if data.startswith(start)), None)


__all__ = ["Statistics"]
