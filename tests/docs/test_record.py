"""A result says the same of each side that a benchmark compares, whatever else it holds."""

from benchmarks import record
from benchmarks.record import compared, ratio


def test_each_side_has_its_ratio_and_the_median_score_of_both():
    runs = {
        "tunebook": [{"seconds": 1.0, "accuracy": score} for score in (0.7, 0.9, 0.8)],
        "stock": [{"seconds": 3.0, "accuracy": 0.6}],
        "other": [{"seconds": 2.0}],
    }
    ratios = {"stock": ratio([3.0, 2.0, 4.0]), "other": ratio([2.0])}
    found = compared({"runs": runs, "speed_ratio": ratios})
    assert found == [
        {"case": "", "against": "stock", "ratio": ratios["stock"], "accuracy": {"ours": 0.8, "theirs": 0.6}},
        {"case": "", "against": "other", "ratio": ratios["other"]},
    ]
    assert found[0]["ratio"] == {"median": 3.0, "min": 2.0, "max": 4.0, "pairs": 3}


def test_cases_are_found_below_their_own_name_or_among_cases():
    case = {
        "runs": {"anew": [{"loss_after": 1.0}], "search": [{"loss_after": 2.0}]},
        "speed_ratio": {"search": ratio([5.0])},
    }
    for result in ({"half": case, "rows": 3}, {"cases": {"half": case}}):
        (found,) = compared(result)
        assert found["case"] == "half" and found["loss_after"] == {"ours": 1.0, "theirs": 2.0}
    assert compared({"cases": [{"what": "on paper"}], "runs": [1]}) == []


def test_it_is_written_with_the_machine_and_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "RESULTS", tmp_path)
    case = {"runs": {"tunebook": [], "stock": []}, "speed_ratio": {"stock": ratio([5.0])}}
    found = record.json.loads(record.write_result("P0", case).read_text(encoding="utf-8"))
    assert found["compared"][0]["ratio"]["median"] == 5.0 and {"machine", "versions", "command"} <= set(found)
    assert "compared" not in record.write_result("P0", {"draws": 3}).read_text(encoding="utf-8")
