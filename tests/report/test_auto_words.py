"""An auto in words."""

from __future__ import annotations

from tests.verbs.racing.contexts import candidate, state
from tunebook.report.auto_words import (
    baseline_text,
    best_of_n_text,
    candidate_name,
    changed_text,
    lead_text,
    level_text,
    spent_text,
    standing_headings,
    standing_rows,
)
from tunebook.verbs.racing.state import BaselineScore


def test_names_say_the_version_where_there_is_one() -> None:
    found = state("1", "2", version=4)
    assert candidate_name("recommended") == "recommended" and candidate_name("2") == "candidate 2"
    assert candidate_name("champion", found) == "champion (v1)" and candidate_name("1", found) == "candidate 1"
    won = found.model_copy(update={"candidates": [candidate("champion"), candidate("1", state="finalist")]})
    assert candidate_name("1", won) == "candidate 1 (v4)"


def test_the_best_stand_first() -> None:
    tables = [
        candidate("champion", scores=[0.5]), candidate("1", state="refused"), candidate("2", scores=[0.4]),
        candidate("3", scores=[0.6]), candidate("4", scores=[0.7], state="finalist"),
    ]  # fmt: skip
    rows = standing_rows(state().model_copy(update={"candidates": tables}))
    assert [row[0] for row in rows] == ["champion (v1)", "candidate 4", "candidate 3", "candidate 2", "candidate 1"]
    assert rows[4][3] == "–" and rows[0][2] == "1"
    assert standing_headings("accuracy")[4] == "Gain, points" and standing_headings("rmse")[4] == "Gain"


def test_leads_and_changes() -> None:
    item = candidate("1", gain=0.012, changed={"fgm": True, "learning_rate": 2e-5})
    assert lead_text(item, "accuracy") == "+1.2" and lead_text(candidate("1"), "accuracy") == "–"
    assert lead_text(item.model_copy(update={"lower": -0.01, "upper": 0.03}), "accuracy") == "+1.2 [-1.0, +3.0]"
    assert "learning_rate=2e-05" in changed_text(item) and changed_text(candidate("1")) == "–"


def test_a_baseline_is_as_sure_as_its_interval() -> None:
    item = BaselineScore(name="tfidf_logreg", score=0.7, seconds=0.3)
    assert baseline_text(state()) == "" == baseline_text(state(baselines=[item]))
    held = item.model_copy(update={"against": "champion", "seeds": 5, "gain": 0.05, "lower": 0.02, "upper": 0.08})

    def told(**more: object) -> str:
        return baseline_text(state(baselines=[held.model_copy(update=more)]))

    assert "is the better choice" in told() and "(90 % interval +2.0 to +8.0)" in told()
    assert "not behind champion (v1)" in told(lower=-0.02) and "interval" not in told(lower=None, upper=None)
    assert "The best baseline is" in told(gain=-0.1, lower=-0.2, upper=0.0)
    assert "of the rows alone" in told(seeds=1)


def test_what_was_spent() -> None:
    assert spent_text(state(), 30) == "0.0 s of 30.0 min; no runs" and level_text(state()) == "90 %"
    assert spent_text(state(runs={"race": 2, "promotion": 4}, seconds=120.0), 30).endswith(
        "2 in the race, 4 for the promotion"
    )
    assert best_of_n_text(None, "accuracy") == ""
