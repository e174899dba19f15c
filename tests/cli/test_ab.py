"""tunebook ab: options, exit codes, JSON as promised, and what is shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests import ab_book, small
from tests.cli.conftest import Call

from tunebook.core.errors import RefusedError
from tunebook.core.messages import say
from tunebook.verbs.steps.book import open_book

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
    for module in ("verbs.ab", "verbs.promote"):
        monkeypatch.setattr(f"tunebook.{module}.remember", lambda book: None)


def pair(book: Path) -> tuple[str, str]:
    """The champion, and the other of versions 2 and 3."""
    champion = open_book(book).tables.champion or 0
    return f"v{champion}", f"v{5 - champion}"


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
    lax = ("ab", tested, "v2", "v3", *ASKED, "--alpha", "40%")
    explores = tunebook(*lax)
    words = " ".join(explores.err.split())
    assert "This test explores" in words and "gate in alpha: 0.4, where <= 0.3 is asked for" in words
    assert f"tunebook ab {tested} v2 v3" in explores.out and "tunebook promote" not in explores.out
    later = tunebook(*lax, "--json").json
    assert later["passed"] and later["laxer"] == {"key": "alpha", "value": 0.4, "allowed": "<= 0.3"}
    assert data["laxer"] is None and "explores" not in done.err and "tunebook promote" in shown.out
    prices = tmp_path / "prices.toml"
    prices.write_text('currency = "EUR"\ncpu_hour = 100.0\ngpu_hour = 100.0\n')
    more = ("--guard", "time=900%", "--prices", prices, "--effects-by", "one")
    again = tunebook("ab", tested, "champion", "v3", *ASKED, *more, "--promote")
    assert again.code == 0, again.out + again.err
    assert f"test {later['test']} on these rows" in " ".join(again.err.split())
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


def test_a_laxer_rule_is_refused_before_anything_is_trained(
    tunebook: Call, tested: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_test(*given: object, **more: object) -> None:
        raise AssertionError("it would have been trained")

    monkeypatch.setattr("tunebook.verbs.ab.run_test", run_test)
    plans, (a, b) = set((tested / "tests").glob("*")), pair(tested)
    for rule in (
        ("--delta", "1pt"),
        ("--delta", "2%"),
        ("--alpha", "45%"),
        ("--seeds", "7,8,9"),
        ("--guard", "class=90%"),
    ):
        done = tunebook("ab", tested, a, b, *rule, "--promote", "--json")
        assert (done.code, done.json["error"]["code"]) == (1, "promote.laxer"), rule
        assert f"tunebook ab {tested} {a} {b}" in done.json["error"]["advice"]
    assert set((tested / "tests").glob("*")) == plans, "nor was it planned"


def test_after_a_refusal_its_advice_is_what_comes_next(
    tunebook: Call, tested: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.report.test_ab import verdict

    passed = verdict().model_copy(update={"guardrails": []})
    assert passed.passed
    refused = RefusedError("promote.champion", key="v3").to_json()
    monkeypatch.setattr("tunebook.verbs.ab.run_test", lambda prepared, **more: passed)
    monkeypatch.setattr("tunebook.cli.promote.promoted", lambda book, verdict, owner: {"error": refused})
    done = tunebook("ab", tested, *pair(tested), "--promote")
    assert done.code == 1 and refused["message"] in " ".join(done.out.split())
    assert "Next:" not in done.out and "table recommend" not in done.out


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_the_gate_asks_of_people_stands_beside_the_guardrails(
    tunebook: Call, tested: Path, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.report.test_ab import verdict

    shutil.copytree(tested, tmp_path / "book")
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    passed = verdict().model_copy(update={"guardrails": []})
    passed = passed.model_copy(update={"extra": {**passed.extra, "runs": {"a": ["ra"], "b": ["rb"]}}})
    monkeypatch.setattr("tunebook.verbs.ab.run_test", lambda prepared, **more: passed)
    asked = ("ab", tmp_path / "book", *pair(tested))
    assert tunebook(*asked, "--json").json["rating"] is None and "tunebook rate" not in tunebook(*asked).out
    ab_book.set_gate(open_book(tmp_path / "book"), rating="overall")
    told = tunebook(*asked, "--json").json["rating"]
    assert told["wanted"]["question"] == "overall" and not told["held"] and told["error"]["code"] == "rate.gate_missing"
    kind = say("rate.kind.pairs")
    out = tunebook(*asked).out
    assert "".join(say("ab.rating_open", question="overall", kind=kind).split()) in "".join(out.split())
    assert "new --runs ra,rb" in out
    monkeypatch.setattr("tunebook.verbs.abtest.rated.check_rating", lambda book, verdict: {})
    assert tunebook(*asked, "--json").json["rating"]["held"]
    out = tunebook(*asked).out
    assert say("ab.rating_held", question="overall", kind=kind) in " ".join(out.split()) and "--runs" not in out


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

    open_one = verdict("INCONCLUSIVE", settle={"seeds": 8, "rows": None, "seconds": 60.0})
    monkeypatch.setattr("tunebook.verbs.ab.run_test", lambda prepared, **more: open_one)
    done = tunebook("ab", tested, "v1", "v3")
    assert done.code == 1 and "8 seeds in all" in done.out
    assert "--seeds" not in done.out, "the gate of this book looks at 3 seeds alone"
    open_one = verdict("INCONCLUSIVE", settle={"seeds": 3, "rows": None})
    assert "--seeds 3" in tunebook("ab", tested, "v1", "v3").out
    words = " ".join(done.out.split())
    assert "Runs that diverged" in words and "(Shapley)" in words
    hopeless = verdict("INCONCLUSIVE", settle={"seeds": None, "rows": None})
    monkeypatch.setattr("tunebook.verbs.ab.run_test", lambda prepared, **more: hopeless)
    done = tunebook("ab", tested, "v1", "v3")
    assert "Neither a hundred seeds" in done.out and "--seeds" not in done.out and "table recommend" in done.out
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
