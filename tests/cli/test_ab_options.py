"""The options of tunebook ab: read, and refused where they cannot be meant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tunebook.cli.ab_options import ExtraOptions, GateOptions, read_options
from tunebook.cli.options import Allowed
from tunebook.core.errors import TunebookError


def test_options_as_the_verb_takes_them(tmp_path: Path) -> None:
    assert read_options(GateOptions(), ExtraOptions(), Allowed()) == {
        "aa": False,
        "allow": frozenset(),
        "challenges": [],
    }
    prices, hard = tmp_path / "prices.toml", tmp_path / "a=b.csv"
    prices.write_text("cpu_hour = 1.0")
    hard.write_text("")
    rule = GateOptions(
        seeds="3,9,4",
        looks="2，3",
        delta="1%",
        metric="mcc",
        alpha="10%",
        guard=["time=20%", "size=off"],
        challenge=[str(hard), "x.csv=5pt"],
        aa=True,
    )
    found: dict[str, Any] = dict(read_options(rule, ExtraOptions(prices=prices), Allowed(pickle=True)))
    assert found["seeds"] == [3, 9, 4] and found["looks"] == [2, 3] and found["alpha"] == 0.1
    assert found["guard"] == {"time": 0.2, "size": "off"} and found["prices"].cpu_hour == 1.0
    assert found["challenges"] == [str(hard), "x.csv=0.05"] and found["allow"] == {"pickle"}
    assert read_options(GateOptions(seeds="7", looks="none"), ExtraOptions(), Allowed())["looks"] == []
    assert read_options(GateOptions(seeds="7"), ExtraOptions(), Allowed())["seeds"] == 7
    assert read_options(GateOptions(), ExtraOptions(promote=True), Allowed())["binding"] is True
    assert read_options(GateOptions(), ExtraOptions(owner="ann"), Allowed())["owner"] == "ann"
    assert read_options(GateOptions(guard=["worst_class=5pt"]), ExtraOptions(), Allowed())["guard"] == {
        "worst_class": 0.05
    }
    mine = read_options(GateOptions(guard=["profit=5"]), ExtraOptions(), Allowed(), ["profit"])
    assert mine["guard"] == {"profit": 5}
    assert read_options(GateOptions(continue_from="a/runs/b"), ExtraOptions(), Allowed())["continue_from"] == "a/runs/b"
    for wrong in (
        GateOptions(seeds="x"),
        GateOptions(looks=","),
        GateOptions(alpha="a"),
        GateOptions(guard=["time"]),
        GateOptions(guard=["time=x"]),
    ):
        with pytest.raises(TunebookError, match=r"cli\.option"):
            read_options(wrong, ExtraOptions(), Allowed())


@pytest.mark.parametrize(
    ("rule", "code"),
    [({"alpha": "70%"}, "ab.gate"), ({"alpha": "0"}, "ab.gate"), ({"guard": ["clas=5pt"]}, "ab.guard"),
     ({"seeds": "2"}, "ab.seeds"), ({"seeds": "1,2,2"}, "ab.seeds"), ({"seeds": "1,2,99999999999"}, "ab.seeds")],
)  # fmt: skip
def test_what_no_gate_can_have(rule: dict[str, Any], code: str) -> None:
    with pytest.raises(TunebookError) as caught:
        read_options(GateOptions(**rule), ExtraOptions(), Allowed())
    assert caught.value.code == code and "Input" not in str(caught.value.to_json()["allowed"])


@pytest.mark.parametrize("words", [("--delta", "2"), ("--guard", "clas=5pt"), ("--seeds", "2")], ids=" ".join)
def test_a_slip_is_told_before_anything_is_loaded(words: tuple[str, str], tmp_path: Path) -> None:
    """Of a book that is not even there: nothing was read, and no heavy library was imported."""
    typed = ["ab", str(tmp_path / "nowhere"), "v1", "v2", *words, "--json"]
    heavy = ("torch", "transformers", "sklearn", "scipy", "pandas", "numpy")
    code = f"""
import sys
from tunebook.cli import main
code = main({typed!r})
found = [name for name in {heavy!r} if name in sys.modules]
sys.exit(f"imported {{found}}" if found else code)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert words[0].strip("-") in done.stdout and "nowhere" not in done.stdout
    assert "--guard" not in words or "Did you mean class?" in done.stdout
