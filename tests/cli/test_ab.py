"""tunebook ab: options, exit codes, JSON as promised, and what is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests import ab_book, small
from tests.cli.conftest import Call

from tunebook.cli.ab import Around, Rule, read_delta, read_rule
from tunebook.cli.options import Allowed
from tunebook.core.errors import TunebookError
from tunebook.verbs.book import open_book

QUICK = ("learning_rate=1e-4", "max_epochs=1", "precision=fp32", "early_stopping_patience=none")
ASKED = ("--seeds", "3", "--looks", "none")


@pytest.fixture(scope="module")
def tested(model: Path, rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book whose v2 hardly learns and whose v3 does; the champion is v2."""
    from tunebook.cli import main

    book = tmp_path_factory.mktemp("ab") / "book"
    assert main(["init", str(book), "--data", str(rows), "--model", str(model)]) == 0
    assert main(["table", "set", str(book), *QUICK]) == 0
    assert main(["promote", str(book), "v2", "--force", "--reason", "a start"]) == 0
    assert main(["table", "set", str(book), "learning_rate=0.005", "max_epochs=8"]) == 0
    ab_book.set_gate(open_book(book), seeds=3, looks=[], alpha=0.3)
    return book


@pytest.fixture(autouse=True)
def own_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("abtest.announce", "verbs.promote"):
        monkeypatch.setattr(f"tunebook.{module}.remember", lambda book: None)


@pytest.mark.parametrize(
    ("text", "found"),
    [("2pt", (0.02, "absolute")), ("2 points", (0.02, "absolute")), ("0.5pts", (0.005, "absolute")),
     ("0.02", (0.02, "absolute")), ("2%", (0.02, "relative")), ("2 ％", (0.02, "relative")),
     ("1点", (0.01, "absolute")), ("3个百分点", (0.03, "absolute")), ("0", (0.0, "absolute"))],
)  # fmt: skip
def test_deltas(text: str, found: tuple[float, str]) -> None:
    value, kind = read_delta(text)
    assert (pytest.approx(value), kind) == found


@pytest.mark.parametrize("text", ["", "much", "2pp%", "-1", "1.2.3pt", "1.2.3%", "%"])
def test_deltas_that_are_none(text: str) -> None:
    with pytest.raises(TunebookError, match=r"cli\.option"):
        read_delta(text)


def test_options_as_the_verb_takes_them(tmp_path: Path) -> None:
    assert read_rule(Rule(), Around(), Allowed()) == {
        "aa": False,
        "allow": frozenset(),
        "challenges": [],
    }
    prices, hard = tmp_path / "prices.toml", tmp_path / "a=b.csv"
    prices.write_text("cpu_hour = 1.0")
    hard.write_text("")
    rule = Rule(seeds="3,9,4", looks="2，3", delta="1%", metric="mcc", alpha="10%", guard=["time=20%", "size=off"],
                challenge=[str(hard), "x.csv=5pt"], aa=True)  # fmt: skip
    found: dict[str, Any] = dict(read_rule(rule, Around(prices=prices), Allowed(pickle=True)))
    assert found["seeds"] == [3, 9, 4] and found["looks"] == [2, 3] and found["alpha"] == 0.1
    assert found["guard"] == {"time": 0.2, "size": "off"} and found["prices"].cpu_hour == 1.0
    assert found["challenges"] == [str(hard), "x.csv=0.05"] and found["allow"] == {"pickle"}
    assert read_rule(Rule(seeds="7", looks="none"), Around(), Allowed())["looks"] == []
    assert read_rule(Rule(seeds="7"), Around(), Allowed())["seeds"] == 7
    assert read_rule(Rule(continue_from="a/runs/b"), Around(), Allowed())["continue_from"] == "a/runs/b"
    for wrong in (Rule(seeds="x"), Rule(looks=","), Rule(alpha="a"), Rule(guard=["time"]), Rule(guard=["time=x"])):
        with pytest.raises(TunebookError, match=r"cli\.option"):
            read_rule(wrong, Around(), Allowed())


def test_a_better_table_passes_and_is_promoted(tunebook: Call, tested: Path, tmp_path: Path) -> None:
    done = tunebook("ab", tested, "v2", "v3", *ASKED, "--json")
    data = done.json
    assert {"verdict", "metric", "gain", "lower", "upper", "delta", "delta_kind", "alpha", "seeds", "n", "looks",
            "cost", "flips", "guardrails", "effects", "path"} <= set(data)  # fmt: skip
    assert {"seconds", "device_hours"} <= set(data["cost"]) and set(data["flips"]) == {"won", "lost"}
    assert data["seeds"] == 3 and data["looks"] == 1 and data["lower"] < data["gain"] < data["upper"]
    assert done.code == (0 if data["passed"] else 1)
    assert (Path(data["path"]) / "report.html").is_file()
    assert data["tests_on_these_rows"] == 1 and data["family_error"]["validation"] == pytest.approx(0.3)
    assert data["looks_spent"] == [{"seeds": 3, "alpha": 0.3}] and data["min_detectable"] > 0
    assert {guard["reported"] for guard in data["guardrails"]} == {
        guard["margin"] is None for guard in data["guardrails"]
    }
    assert "this test can see gains of" in done.err and "No test has measured" in done.err
    assert "Only" in done.err and "up to 6 runs" in done.err
    shown = tunebook("ab", tested, "v2", "v3", *ASKED)
    assert data["verdict"] in shown.out and "Guardrail" in shown.out.title() and "finished already" in shown.err
    lax = ("ab", tested, "v2", "v3", *ASKED, "--alpha", "40%", "--promote")
    refused = tunebook(*lax, "--json")
    assert (refused.code, refused.json["passed"], refused.json["error"]["code"]) == (1, True, "promote.laxer")
    told = tunebook(*lax)
    assert told.code == 1 and "laxer than this book's gate in alpha" in told.out and "tunebook promote" not in told.out
    prices = tmp_path / "prices.toml"
    prices.write_text('currency = "EUR"\ncpu_hour = 100.0\ngpu_hour = 100.0\n')
    more = ("--guard", "time=900%", "--prices", prices, "--effects-by", "one")
    again = tunebook("ab", tested, "champion", "v3", *ASKED, *more, "--promote")
    assert again.code == 0, again.out + again.err
    assert f"test {refused.json['test']} on these rows" in " ".join(again.err.split())
    assert again.out.count("test rows (opening 1)") == 1, "what the test rows say of it"
    show = tunebook("table", "show", tested, "--table", "v3")
    assert "Effect: " in show.out, "what each row was worth"
    effects = tunebook("table", "show", tested, "--table", "v3", "--json").json["effects"]
    assert {"learning_rate", "max_epochs"} == {item["row"] for item in effects}
    assert "EUR" in again.out and "is the champion now" in again.out and "learning_rate" in again.out
    assert "have been tested" in again.err or "has been tested" in again.err
    worse = tunebook("ab", tested, "v3", "v2", *ASKED, "--alpha", "30%")
    assert worse.code == 1 and "✗ REJECT" in worse.out and "table recommend" in worse.out
    assert "2 tables have been tested on these rows" in " ".join(worse.out.split())


def test_what_is_refused_before_anything_is_trained(tunebook: Call, tested: Path) -> None:
    for words, code in (
        (("v2", "v2"), "ab.same"),
        (("v1", "v3", "--effects-by", "guess"), "cli.option"),
        (("v1", "v3", "--guard", "beauty=1"), "ab.guard"),
        (("v1", "v3", "--promote"), "ab.promote"),
        (("v1", "v9"), "table.no_version"),
    ):
        done = tunebook("ab", tested, *words, "--json")
        assert (done.code, done.json["error"]["code"]) == (2, code)
        assert done.json["error"]["message"] and done.json["error"]["advice"]


def test_an_open_question_names_what_would_settle_it(
    tunebook: Call, tested: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.report.test_ab import verdict

    open_one = verdict("INCONCLUSIVE", settle={"seeds": 12, "rows": None, "seconds": 60.0})
    monkeypatch.setattr("tunebook.verbs.ab.run_test", lambda prepared, **more: open_one)
    done = tunebook("ab", tested, "v1", "v3")
    assert done.code == 1 and "--seeds 12" in done.out and "12 seeds in all" in done.out
    words = " ".join(done.out.split())
    assert "Runs that diverged" in words and "(Shapley)" in words
    broken = verdict(guardrails=[guard.model_copy(update={"held": False}) for guard in verdict().guardrails])
    monkeypatch.setattr("tunebook.verbs.ab.run_test", lambda prepared, **more: broken)
    done = tunebook("ab", tested, "v1", "v3")
    assert done.code == 1 and "! STRONG" in done.out and "not held" in done.out


def test_two_ways_of_continuing(tunebook: Call, tested: Path, model: Path, tmp_path: Path) -> None:
    """Both arms continue from a run that kept only a part; what they kept is in the JSON and on the screen."""
    book, quick = tmp_path / "more", ("max_steps=2", "eval_every=2")
    file = small.write_csv(tmp_path / "more.csv", 80, 3, seed=5)
    assert tunebook("init", book, "--data", file, "--model", model).code == 0
    rows = [word for row in (*quick, "bitfit=on") for word in ("--set", row)]
    run = tunebook("train", tested, *rows, "--no-eval", "--track", "none", "--json").json["path"]
    for change in ((*quick,), ("replay=on",)):
        assert tunebook("table", "set", book, *change, "--note", "x").code == 0
    asked = ("ab", book, "v2", "v3", *ASKED, "--continue-from", run)
    done = tunebook(*asked)
    assert done.code in (0, 1) and Path(run).name in done.out and "kept of earlier tasks" in done.out
    assert f"--continue-from {run}" in done.out or "INCONCLUSIVE" not in done.out
    assert "merged" in done.err and "bitfit" in done.err
    data = tunebook(*asked, "--json").json
    assert data["continues"] == Path(run).name
    assert {"book", "run", "rows", "learned", "a", "b"} == set(data["retention"][0])
