"""RAY_PAPER: wall time and cost of tests and searches against the number of machines, by simulation.

Every training takes a time drawn around a median, a machine begins its first one with a start, and a machine may die:
its training is begun anew on another one, and its place is taken again after a while. What stays with the command is
done one thing after the other: a trial is asked for and planned, a run put away, a pair of runs examined. A cluster is
paid for from the first training to the last, busy or idle.

Median and examination are those of P4 (`benchmarks/results/P4_ab_sharing.json`: ten trainings in 404 s, 29 s to compare
five pairs). Spread, start, deaths and what a trial costs the command are assumed, and told with the result.

    python -m benchmarks RAY_PAPER [--draws 400]
"""

from __future__ import annotations

import heapq
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import given, write_result


@dataclass(frozen=True)
class World:
    """What is taken for granted; seconds, unless said otherwise.

    Attributes:
        median: of a training; spread: standard deviation of its logarithm within a table, and `between` tables.
        start: of a process of Python with its libraries, once a machine, and again after a death.
        serial: what each trial or run costs the command itself; examine: what each pair does.
        deaths: of a machine in an hour; back: until another one has taken its place.
        pruned: share of trials that are stopped, somewhere between a fifth and four fifths of their way.
        decided: chance that the look after three pairs decides.
    """

    median: float = 40.0
    spread: float = 0.15
    between: float = 0.5
    start: float = 10.0
    serial: float = 1.0
    examine: float = 5.8
    deaths: float = 0.0
    back: float = 180.0
    pruned: float = 0.4
    decided: float = 0.5


@dataclass(frozen=True)
class Course:
    """How it went: seconds of the clock and of all machines, trainings that died, and seconds that nobody needed."""

    wall: float
    paid: float
    died: int
    unneeded: float = 0.0


def lasts(world: World, rng: np.random.Generator, count: int, spread: float) -> list[float]:
    """Seconds of trainings."""
    return list(world.median * np.exp(rng.normal(0, spread, count)))


class Cluster:
    """Machines that do one training after the other, whichever is free first."""

    def __init__(self, world: World, machines: int, rng: np.random.Generator) -> None:
        self.world, self.rng, self.died = world, rng, 0
        self.free = [(0.0, number, True) for number in range(machines)]

    def train(self, seconds: float, not_before: float = 0.0) -> tuple[float, float]:
        """When a training begins for good, and when it ends."""
        while True:
            at, number, fresh = heapq.heappop(self.free)
            begin = max(at, not_before)
            end = begin + seconds + (self.world.start if fresh else 0.0)
            death = begin + self.rng.exponential(3600 / self.world.deaths) if self.world.deaths else np.inf
            if death >= end:
                heapq.heappush(self.free, (end, number, False))
                return begin, end
            self.died += 1
            not_before = death
            heapq.heappush(self.free, (death + self.world.back, number, True))


def test(world: World, machines: int, rng: np.random.Generator) -> Course:
    """An A/B test of two tables with five seeds, looked at after three and five pairs; all runs are begun ahead."""
    cluster = Cluster(world, machines, rng)
    trained = [cluster.train(seconds) for seconds in lasts(world, rng, 10, world.spread)]
    pairs = 3 if rng.random() < world.decided else 5
    clock = 0.0
    for pair in range(pairs):
        clock = max(clock, *(end for _, end in trained[2 * pair : 2 * pair + 2])) + 2 * world.serial + world.examine
    unneeded = sum(max(0.0, min(end, clock) - begin) for begin, end in trained[2 * pairs :] if begin < clock)
    return Course(clock, clock * machines, cluster.died, unneeded)


def search(world: World, machines: int, rng: np.random.Generator, trials: int) -> Course:
    """A search: as many trials under way as there are machines, each asked for when another one has ended."""
    cluster = Cluster(world, machines, rng)
    seconds = np.array(lasts(world, rng, trials, world.between))
    seconds *= np.where(rng.random(trials) < world.pruned, rng.uniform(0.2, 0.8, trials), 1.0)
    command, ended = 0.0, list[float]()
    for number, each in enumerate(seconds):
        if number >= machines:
            command = max(command, heapq.heappop(ended))
        command += world.serial
        heapq.heappush(ended, cluster.train(float(each), command)[1])
    wall = max(ended) + world.serial
    return Course(wall, wall * machines, cluster.died)


def summed(courses: list[Course]) -> dict[str, Any]:
    """Medians, with the middle 90 % of the wall time."""
    wall = np.array([course.wall for course in courses])
    low, high = np.quantile(wall, (0.05, 0.95))
    return {
        "wall": {"median": float(np.median(wall)), "low": float(low), "high": float(high)},
        "paid_machine_hours": float(np.mean([course.paid for course in courses])) / 3600,
        "trainings_lost": float(np.mean([course.died for course in courses])),
        "unneeded_share": float(np.mean([course.unneeded / course.paid for course in courses])),
    }


def main(claim: str, arguments: list[str]) -> Path:
    """Simulate, print and write the result."""
    draws = given(arguments, draws=400).draws
    rng, world, cases = np.random.default_rng(0), World(), list[dict[str, Any]]()
    for deaths in (0.0, 0.2, 2.0):
        here = replace(world, deaths=deaths)
        for machines in (1, 2, 4, 6, 10):
            found = summed([test(here, machines, rng) for _ in range(draws)])
            cases.append({"what": "ab 2 x 5", "machines": machines, "deaths_an_hour": deaths, **found})
        for trials in (20, 100, 1000):
            for machines in (number for number in (1, 4, 16, 64, 256) if number <= trials):
                few = max(20, draws // (1 + trials // 50))
                found = summed([search(here, machines, rng, trials) for _ in range(few)])
                cases.append({"what": f"search {trials}", "machines": machines, "deaths_an_hour": deaths, **found})
    for case in cases:
        wall = case["wall"]
        print(
            f"{case['what']:>12} {case['machines']:>4} machines, {case['deaths_an_hour']:.1f} deaths/h:"
            f" {wall['median'] / 60:7.1f} min ({wall['low'] / 60:.1f} - {wall['high'] / 60:.1f}),"
            f" {case['paid_machine_hours']:6.2f} machine hours, {case['trainings_lost']:.2f} lost"
        )
    return write_result(claim, {"assumed": asdict(world), "draws": draws, "cases": cases})


__all__ = ["main"]
