"""Files that annotation tools and spreadsheets wrote: each is read, or refused with words."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tunebook.core.errors import TunebookError
from tunebook.data.prepare import prepare

PLACE = Path(__file__).resolve().parents[3] / "shared" / "cases" / "formats"
FILES = Path(os.environ.get("TUNEBOOK_REAL_FORMATS", PLACE))
pytestmark = [pytest.mark.real, pytest.mark.skipif(not FILES.is_dir(), reason="the files of tools are not here")]


def test_every_file_is_read_or_refused_with_words(tmp_path: Path) -> None:
    ends: Counter[str] = Counter()
    for number, path in enumerate(sorted(path for path in FILES.rglob("*") if path.is_file())):
        try:
            ref = prepare([path], tmp_path / str(number))
        except TunebookError as error:
            assert error.message and error.advice, path
            ends["refused"] += 1
        else:
            assert ref.roles.label not in ("annotator", "rejected"), path
            ends["read"] += 1
    assert ends["read"] > 150
    assert ends["refused"] > 80
