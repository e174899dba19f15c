from __future__ import annotations

from tunebook.data.names import LABEL, LABEL_TOO, PAIRS, TEXT, known, plain


def test_names_are_compared_without_case_and_joints():
    assert plain(" Sample-Weight ") == "sample_weight"
    assert plain("#1 String") == "#1_string"
    assert known("Created At") and known("标注员 3") and not known("foo")


def test_names_are_written_as_they_are_compared():
    for name in (*TEXT, *LABEL, *LABEL_TOO, *(name for pair in PAIRS for name in pair)):
        assert plain(name) == name
    assert not set(LABEL) & set(LABEL_TOO) and not set(TEXT) & {*LABEL, *LABEL_TOO}
