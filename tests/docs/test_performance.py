"""The page of speeds says what the results say."""

import json

import performance
import pytest
from benchmarks.record import compared
from performance_targets import TARGETS
from performance_words import CHINESE

AROUND = {
    "command": "python -m benchmarks P3",
    "date": "2026-01-02",
    "machine": {"processor": "One", "cores": 4, "flags": []},
}


def written(folder, name, **found):
    told = {"compared": pairs} if (pairs := compared(found)) else {}  # as a benchmark writes it
    (folder / f"{name}.json").write_text(json.dumps({**AROUND, **told, **found}), encoding="utf-8")


def ratio(median):
    return {"median": median, "min": median / 2, "max": median * 2, "pairs": 3}


def test_each_ratio_is_told_with_its_range_and_both_scores(tmp_path):
    runs = {"tunebook": [{"accuracy": 0.8}, {"accuracy": 1.0}], "stock": [{"accuracy": 0.8}]}
    written(tmp_path, "P1_training_speed", speed_ratio={"stock": ratio(3.0)}, runs=runs)
    cases = {
        "a": {"speed_ratio": {"stock": ratio(0.5)}, "runs": {"tunebook": []}},
        "b": {"speed_ratio": {"stock": ratio(4.0), "other": ratio(9.0)}, "runs": {"tunebook": []}},
    }
    written(tmp_path, "P3_tagging_speed", cases=cases)
    page = performance.page(tmp_path)
    assert (
        "| Training a classifier, short texts | Trainer | **3.0** [1.5, 6.0] | 3 | accuracy 0.900 | accuracy 0.800 |"
        in page
    )
    assert "| Training a tagger: a | Trainer | **0.5** [0.2, 1.0] | 3 |  |  |" in page  # where it is slower, too
    assert "| Training a tagger: b | Trainer | **4.0** [2.0, 8.0] | 3 |  |  |" in page and "9.0" not in page
    assert "| Training a tagger | `python -m benchmarks P3` | One | 4 | no | 2026-01-02 |" in page


def test_what_a_step_consists_of_is_told_beside_the_peak(tmp_path):
    case = {"operations_a_step": 5e10, "peak": 1.4e11, "of_peak": 0.9, "of_bound": 0.75}
    cases = {"P1": {**case, "what": "short", "shares": {"products": 0.8, "rest": 0.2}}}
    written(tmp_path, "ROOFLINE", cases=cases)
    page = performance.page(tmp_path)
    assert "| P1: short | 50 G | 140 G/s | 90 % | 75 % |" in page
    assert "| products | 80 % |" in page and "| rest | 20 % |" in page


def test_time_and_cost_on_paper_leave_deaths_out(tmp_path):
    wall = {"median": 90.0, "low": 60.0, "high": 120.0}
    case = {"what": "search 1000", "wall": wall, "paid_machine_hours": 10.5}
    cases = [{**case, "machines": number, "deaths_an_hour": deaths} for number, deaths in ((16, 0.0), (64, 2.0))]
    written(tmp_path, "RAY_PAPER", cases=cases, assumed={"median": 40.0, "start": 10.0, "serial": 1.0})
    page = performance.page(tmp_path)
    assert "| search 1000 | 16 | 1.5 [1.0, 2.0] | 10.50 |" in page and "| 64 |" not in page
    assert "trainings of 40 s" in page


def test_what_was_not_measured_is_not_told(tmp_path):
    written(tmp_path, "data_path", ratio={"median": 4.4, "min": 4.0, "max": 5.0}, tunebook={"seconds": [1, 2]})
    page = performance.page(tmp_path)
    assert "**4.4** [4.0, 5.0] | 2 |" in page and "Trainer" not in page


def test_processors_are_told_apart_by_what_they_compute_in(tmp_path):
    for flags, word in (["amx_bf16", "avx512_bf16"], "AMX"), (["avx512_bf16"], "AVX512"):
        written(tmp_path, "EMBEDDING_SPEED", machine={"processor": "Two", "cores": 2, "flags": flags})
        assert f"| Two | 2 | {word} |" in performance.page(tmp_path)
    written(tmp_path, "EMBEDDING_SPEED", machine={"processor": "Two", "cores": 2})
    assert "| Two | 2 |  |" in performance.page(tmp_path), "nobody asked what it computes in"


@pytest.mark.parametrize("work", performance.WORKS, ids=lambda work: work.file)
def test_the_chinese_page_has_a_word_for_each_work_and_side(work):
    assert CHINESE.of(work.title) != work.title and CHINESE.of(f"{work.title}: zh_x").endswith(": zh_x")
    assert all(side in CHINESE.terms or " " not in side for side in work.sides.values())


def test_the_bars_are_the_same_for_the_same_results_and_others_for_others(tmp_path):
    runs = {"tunebook": []}
    written(tmp_path, "P1_training_speed", speed_ratio={"stock": ratio(3.0)}, runs=runs)
    first = performance.images(tmp_path)[performance.IMAGE]
    assert (
        first == performance.images(tmp_path)[performance.IMAGE]
        and "Training a classifier, short texts / Trainer" in first
    )
    written(tmp_path, "P1_training_speed", speed_ratio={"stock": ratio(6.0)}, runs=runs)
    assert performance.images(tmp_path)[performance.IMAGE] != first


def peers(**gain):
    own = {"accuracy": 0.9, "low": 0.85, "high": 0.95, "processor_seconds": 100.0, "peak_bytes": 1.5e9}
    told = {"tunebook": own, "trainer": {**own, "accuracy": 0.87, "tunebook_gains": gain}, "setfit": {"failed": "x"}}
    return {"sets": [{"set": "en_x", "budget": 240.0, "peers": told}], "runs": [{"rows": 1000}]}


def test_peers_are_told_with_costs_and_those_that_are_better_by_name(tmp_path):
    written(tmp_path, "PEERS", **peers(value=0.1, low=0.05, high=0.15))
    page = performance.page(tmp_path)
    assert "| en_x, 240 s | Trainer | 0.870 [0.850, 0.950] | +10.0 [+5.0, +15.0] | 100 | 1.5 |" in page
    assert "| en_x, 240 s | SetFit | gave no answer |  |  |  |" in page and "whole interval: none." in page
    written(tmp_path, "PEERS", **peers(value=-0.1, low=-0.15, high=-0.05))
    page = performance.page(tmp_path)
    assert "**-10.0** [-15.0, -5.0]" in page and "whole interval: Trainer (en_x)." in page
    drawn = performance.images(tmp_path)
    assert "en_x" in drawn["peers.svg"] and "SetFit" not in drawn["peers.svg"], "it gave no answer"
    assert drawn["peers.svg"].count('<g id="axes_') == 1, "places without a set stay empty"


def test_the_chinese_page_has_a_word_for_each_peer(tmp_path):
    written(tmp_path, "PEERS", **peers(value=0.1, low=0.05, high=0.15))
    page = performance.page(tmp_path, CHINESE)
    assert "| en_x, 240 s | Trainer |" in page and "没有给出回答" in page and "低于零的：没有。" in page


def test_ways_of_answering_are_told_by_rows_a_second_and_inexact_ones_in_brackets(tmp_path):
    way = {"seconds": [0.5, 2.0, 1.0], "exact": True, "start": 1.25}
    told = {"eager": way, "bf16": {**way, "exact": False}, "compiled": way, "onnx": {**way, "seconds": [0.5]}}
    written(tmp_path, "BACKENDS", rows=100, cases={"tagging, 32 at once": told})
    assert "| tagging, 32 | 100 | (100) | 100 | 200 | 1.2 |" in performance.page(tmp_path)
    assert "| 序列标注, 32 |" in performance.page(tmp_path, CHINESE)


def test_what_was_wanted_stands_beside_what_was_reached(tmp_path):
    runs = {"tunebook": []}
    for name, found in ("P1_training_speed", 2.8), ("P2_training_speed", 5.2):
        written(tmp_path, name, speed_ratio={"stock": ratio(found)}, runs=runs)
    page = performance.page(tmp_path)
    assert "| Training a classifier, short texts | Trainer | 3.0 | 2.8 | what is no matrix product" in page
    assert "| Training a classifier, uneven texts | Trainer | 5.0 | 5.2 |  |" in page
    assert "| 训练分类模型，短文本 | Trainer | 3.0 | 2.8 | 矩阵乘法以外" in performance.page(tmp_path, CHINESE)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.title)
def test_each_target_is_of_a_work_and_a_side(target):
    works = {work.title: set(work.sides.values()) for work in performance.WORKS}
    assert target.against in works[target.title.partition(": ")[0]] and target.why.keys() == {"en", "zh"}
