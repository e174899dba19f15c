"""tunebook table search: options in, a candidate or a refusal out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call

from tunebook.cli.search import read_ranges
from tunebook.core.errors import TunebookError
from tunebook.verbs.trials import engine as search_engine
from tunebook.verbs.trials import result as search_importance
from tunebook.verbs.trials.trial import Done, Job


@pytest.fixture
def own(fresh: Path, tmp_path: Path) -> Path:
    """A book of one's own."""
    return Path(shutil.copytree(fresh, tmp_path / "book"))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Trials that cost nothing; `score` says what each is worth."""
    told: dict[str, Any] = {"jobs": [], "score": lambda number: 0.5 + number / 100}

    def trial(job: Job, tell: Any, progress: Any) -> Done:
        told["jobs"].append(job)
        return Done("complete", [told["score"](job.number)] * len(job.seeds))

    monkeypatch.setattr(search_engine, "run_trial", trial)
    monkeypatch.setattr(search_importance, "importance", lambda space, records: {})
    return told


def test_a_candidate(tunebook: Call, own: Path, fake: dict[str, Any]) -> None:
    words = ("table", "search", own, "--rows", "lr，batch_size", "--range", "lr=1e-5..1e-4", "--runs", 3, "--seeds", 2)
    done = tunebook(*words, "--json")
    assert done.code == 0
    assert set(done.json) == {
        "search", "best", "score", "parent_score", "trials", "pruned", "failed", "table", "path",
    }  # fmt: skip
    assert (done.json["table"], done.json["trials"], done.json["parent_score"]) == ("v2", 3, 0.5)
    assert set(done.json["best"]) == {"learning_rate", "batch_size"}
    assert 1e-5 <= done.json["best"]["learning_rate"] <= 1e-4
    assert (Path(done.json["path"]) / "report.html").is_file()
    assert "learning_rate, batch_size" in done.err
    out = tunebook(*words).out
    assert len(fake["jobs"]) == 3, "the same command again tries nothing"
    assert "Added version v2 as a candidate" in out and "looks better than it is" in out
    assert f"tunebook ab {own} v1 v2" in out
    assert tunebook("table", "list", own, "--json").json["versions"][0]["champion"] is True


def test_nothing_better(tunebook: Call, own: Path, fake: dict[str, Any]) -> None:
    fake["score"] = lambda number: 0.5
    done = tunebook("table", "search", own, "--runs", 2)
    assert done.code == 0
    assert "None of 2 trials was better" in done.out and "tunebook ab" not in done.out
    assert tunebook("table", "search", own, "--runs", 2, "--json").json["table"] is None


def test_in_chinese(tunebook: Call, own: Path, fake: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    out = tunebook("table", "search", own, "--runs", 2).out
    assert "已添加候选版本 v2" in out and "偏高" in out


def test_a_table_from_a_file(tunebook: Call, own: Path, fake: dict[str, Any], tmp_path: Path) -> None:
    assert tunebook("table", "export", own, tmp_path / "t.yaml").code == 0
    out = tunebook("table", "search", own, "--table", tmp_path / "t.yaml", "--runs", 2).out
    assert "tunebook ab" in out


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (("--runs", "0"), "search.budget", "--runs"),
        (("--minutes", "-1"), "search.budget", "--minutes"),
        (("--rows", "learning_rat"), "row.unknown", "learning_rate"),
        (("--rows", "seed"), "search.no_range", "learning_rate"),
        (("--range", "lr=1e-9..1e-4"), "search.range", "1e-06 … 0.001"),
        (("--range", "lr"), "cli.option", "--range"),
        (("--range", "lr=1e-5"), "cli.option", "LOW..HIGH"),
        (("--range", "lr=1e-5..1e-4", "--range", "lr=1e-5..1e-4"), "cli.twice", "lr"),
        (("--prune", "wilcoxon"), "search.seeds", "--seeds 3"),
        (("--prune", "x"), "search.option", "median | wilcoxon | none"),
        (("--table", "v9"), "table.no_version", "v1"),
    ],
)
def test_refusals(words: tuple[str, ...], code: str, part: str, tunebook: Call, fresh: Path) -> None:
    done = tunebook("table", "search", fresh, *words, "--json")
    assert done.code == 2 and done.json["error"]["code"] == code
    assert part in str(done.json["error"])
    assert not (fresh / "searches").exists()


def test_a_search_on_a_cluster_asks_for_it(tunebook: Call, own: Path) -> None:
    done = tunebook("table", "search", own, "--engine", "ray", "--address", "127.0.0.1:9", "--json")
    assert done.code == 2 and done.json["error"]["code"] == "engine.address"
    assert tunebook("table", "search", own, "--engine", "slurm", "--json").json["error"]["key"] == "--engine"


def test_ranges_as_people_write_them() -> None:
    assert read_ranges(["lr=1e-5..1e-4", "warmup_ratio=5%…10%"]) == {"lr": (1e-5, 1e-4), "warmup_ratio": (0.05, 0.1)}
    with pytest.raises(TunebookError):
        read_ranges(["lr=a..b"])
