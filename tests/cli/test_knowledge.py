"""knowledge: index, search, effects, export, import."""

from __future__ import annotations

import pytest
from tests import logged

from tunebook.cli.knowledge import _range
from tunebook.core.errors import TunebookError


@pytest.fixture
def books(tmp_path, monkeypatch):
    """Two books of which the first has tested its v2; the index knows nothing yet."""
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))
    hotel = logged.make_book(tmp_path / "hotel", rows=600, language="zh")
    logged.log_test(hotel, logged.verdict(hotel, 1, 2))
    tickets = logged.make_book(tmp_path / "tickets", rows=30_000, content="other", classes=0)
    logged.log_test(tickets, logged.verdict(tickets, 1, 2, gain=0.02, lower=0.005, upper=0.035))
    return hotel.path, tickets.path


@pytest.fixture
def filled(tunebook, books):
    assert tunebook("knowledge", "index", *books).code == 0
    return books


def test_index(tunebook, books, tmp_path):
    done = tunebook("knowledge", "index", *books, "--json")
    assert done.json == {"books": 2, "new": 4, "lessons": 4, "path": str(tmp_path / "home" / "knowledge.sqlite")}
    assert "New lessons: 0, books read: 1; lessons in all: 4" in tunebook("knowledge", "index", books[0]).out


def test_nothing_is_known(tunebook, books):
    assert "tunebook knowledge index" in tunebook("knowledge", "search").out
    assert "No test" in tunebook("knowledge", "effects", "learning_rate").out
    assert tunebook("knowledge", "effects", "learning_rate", "--json").json == {
        "row": "learning_rate", "tests": [], "pooled": [],
    }  # fmt: skip


def test_search(tunebook, filled):
    found = tunebook("knowledge", "search", "small chinese classification", "--json").json["lessons"]
    assert found[0]["book"] == "hotel"
    told = tunebook("knowledge", "search", "--language", "zh", "--rows", "100-2000").out
    assert "hotel" in told and "tickets" not in told and "learning_rate" in told
    assert tunebook("knowledge", "search", "--row", "batch_size", "--json").json == {"lessons": []}
    assert tunebook("knowledge", "search", "--rows", "many").code == 2


def test_a_long_list_is_cut(tunebook, filled, monkeypatch):
    monkeypatch.setattr("tunebook.cli.knowledge._MOST", 1)
    assert "… 3 more; --json has all" in tunebook("knowledge", "search").out
    told = tunebook("knowledge", "effects", "lr")
    assert told.out.count("learning_rate") == 0 and "… 1 more" in told.out and told.out.count("×2") == 1


def test_a_misspelt_row_is_guessed(tunebook, books):
    assert "Did you mean learning_rate?" in tunebook("knowledge", "effects", "lerning_rate").out
    assert "Did you mean" not in tunebook("knowledge", "effects", "fgm").out


def test_effects(tunebook, filled):
    found = tunebook("knowledge", "effects", "lr", "--json").json
    assert found["row"] == "learning_rate"
    assert [test["ratio"] for test in found["tests"]] == [2.0, 2.0]
    (pooled,) = found["pooled"]
    assert 0.02 < pooled["pooled"]["mean"] < 0.031 and pooled["pooled"]["count"] == 2
    told = " ".join(tunebook("knowledge", "effects", "learning_rate").out.split())
    assert "×2" in told and "tests: 2, data sets: 2" in told
    assert "too few data sets to say" in told
    one = " ".join(tunebook("knowledge", "effects", "learning_rate", "--language", "zh").out.split())
    assert "One data set alone" in one and "I²" not in one


def test_effects_of_rows_that_were_changed_together(tunebook, books, tmp_path):
    third = logged.make_book(tmp_path / "third", content="third")
    both = logged.add_version(third, {"max_epochs": 5, "learning_rate": 2e-5})
    logged.log_test(third, logged.verdict(third, 1, both))
    tunebook("knowledge", "index", third.path)
    told = " ".join(tunebook("knowledge", "effects", "max_epochs").out.split())
    assert "with learning_rate; not told apart" in told
    assert "nothing is pooled" in told


def test_three_data_sets_predict_a_fourth(tunebook, filled, tmp_path):
    third = logged.make_book(tmp_path / "third", content="third")
    logged.add_version(third, {"learning_rate": 2.5e-5}, parent=1)
    logged.log_test(third, logged.verdict(third, 1, 3, gain=-0.03, lower=-0.05, upper=-0.01))
    technique = logged.add_version(third, {"metric": "macro_f1"}, parent=1)
    logged.log_test(third, logged.verdict(third, 1, technique, metric="macro_f1"))
    tunebook("knowledge", "index", third.path)
    told = " ".join(tunebook("knowledge", "effects", "learning_rate").out.split())
    assert "tests: 3, data sets: 3" in told
    assert "better in 3 of them" in told and "on another data set anything" not in told
    assert "I² 0%" in told and "Cannot tell yet" in told
    assert "standard deviation 0.0 points" in told
    (pooled,) = tunebook("knowledge", "effects", "lr", "--json").json["pooled"]
    low, high = (pooled["pooled"][name] * 100 for name in ("new_lower", "new_upper"))
    assert f"on another data set {low:+.1f} points … {high:+.1f} points." in told
    assert "→" in tunebook("knowledge", "effects", "metric").out


def test_an_effect_elsewhere_is_within_what_is_possible(tunebook, filled, tmp_path):
    third = logged.make_book(tmp_path / "third", content="third")
    logged.log_test(third, logged.verdict(third, 1, 2, gain=0.95, lower=0.9, upper=1.2))
    tunebook("knowledge", "index", third.path)
    (pooled,) = tunebook("knowledge", "effects", "lr", "--json").json["pooled"]
    found = pooled["pooled"]
    assert (found["new_lower"], found["new_upper"]) == (-1, 1) and found["upper"] <= 1
    told = " ".join(tunebook("knowledge", "effects", "lr").out.split())
    assert "on another data set cannot tell: -100.0 points … +100.0 points is nearly all that is possible." in told


def test_effects_of_a_metric_in_its_own_unit(tunebook, filled, tmp_path):
    for number, gain in enumerate((0.01, 0.02, 9.0)):
        book = logged.make_book(tmp_path / f"n{number}", content=f"n{number}")
        ends = {"gain": gain, "lower": gain - 0.01, "upper": gain + 0.01}
        logged.log_test(book, logged.verdict(book, 1, 2, metric="rmse", **ends))
        tunebook("knowledge", "index", book.path)
    told = " ".join(tunebook("knowledge", "effects", "lr").out.split())
    _, _, numbers = told.partition("(Root mean squared error)")
    assert "standard deviation 5.1" in numbers and "points" not in numbers.partition("Together")[0]


def test_a_refusal_by_the_test_rows_is_found(tunebook, filled):
    hotel = logged.make_book(filled[0].parent / "more", content="more")
    figures = logged.tested(hotel, 1, 2).model_dump(mode="json", exclude={"path"})
    second = {"metric": "accuracy", "a": 0.6, "b": 0.708, "gain": 0.108, "lower": -0.042, "upper": 0.258,
              "alpha": 0.05, "n": 100, "seeds": 5}  # fmt: skip
    hotel.log.append("open", table=2, evidence={"verdict": figures, "test_scores": second})
    tunebook("knowledge", "index", hotel.path)
    (found,) = tunebook("knowledge", "search", "refused by test rows", "--json").json["lessons"]
    assert found["test_scores"] == second
    # In a narrow screen the cells of a column are broken at any word.
    told = tunebook("knowledge", "search", "refused by test rows").out
    assert all(part in told for part in ("0.708", "+10.8", "fresh", "said no"))


def test_export_and_import(tunebook, filled, tmp_path, monkeypatch):
    file = tmp_path / "lessons.jsonl"
    assert tunebook("knowledge", "export", file, "--json").json == {"lessons": 4, "path": str(file)}
    text = file.read_text(encoding="utf-8")
    assert not [word for word in ("hotel", "tickets", "larger steps", "Ada", "Bob", str(tmp_path)) if word in text]
    assert tunebook("knowledge", "export", file).code == 2  # nothing is overwritten
    assert tunebook("knowledge", "export", tmp_path / "more.jsonl", "--with-reasons").code == 0
    assert "larger steps" in (tmp_path / "more.jsonl").read_text(encoding="utf-8")
    assert tunebook("knowledge", "import", file, "--json").json == {"lessons": 4, "new": 0}
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "elsewhere"))
    assert "Lessons read: 4, new: 4" in tunebook("knowledge", "import", file).out
    assert "Lessons read: 4, new: 0" in tunebook("knowledge", "import", file).out
    assert "(imported)" in tunebook("knowledge", "search").out
    assert "tests: 2, data sets: 2" in " ".join(tunebook("knowledge", "effects", "learning_rate").out.split())
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{")
    assert tunebook("knowledge", "import", broken, "--json").json["error"]["code"] == "index.line"


@pytest.mark.parametrize(
    ("text", "ends"),
    [("", (0, None)), ("100-2000", (100, 2000)), ("100-", (100, None)), ("-2000", (0, 2000)), ("500", (500, 500)),
     ("1,000 – 20,000", (1000, 20000))],
)  # fmt: skip
def test_ranges(text, ends):
    assert _range(text) == ends


@pytest.mark.parametrize("text", ["-", "a-b", "1-2-3"])
def test_wrong_ranges(text):
    with pytest.raises(TunebookError):
        _range(text)
