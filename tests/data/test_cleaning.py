"""Rules by their names; what they do is tested beside the columns."""

import subprocess
import sys

import pytest

from tunebook.data.cleaning import RULES, clean_name, clean_text, rule_named


def test_a_rule_is_found_by_its_name():
    assert [rule_named(rule.name) for rule in RULES] == list(RULES)
    with pytest.raises(KeyError):
        rule_named("none")


def test_nothing_is_done_without_rules():
    assert clean_text("a  <b>", ()) == "a  <b>"


def test_it_takes_no_arrow():
    code = "import sys, tunebook.data.cleaning; assert not {'pyarrow', 'pydantic', 'torch'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_name_of_a_class_is_one_line():
    assert clean_name(" good\r\n room\u2028\u200b\t1 ") == "good room 1"
