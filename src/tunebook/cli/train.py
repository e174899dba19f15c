"""tunebook train: a run of a table on the book's data, scored on the test rows when it has ended."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, embed_command, facts, note, predict_command
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_table, described, overruled
from tunebook.cli.evaluate import report_data, retention_data, tell_probe, tell_report, tell_retention
from tunebook.cli.lighter import Wanted, in_memory
from tunebook.cli.options import Allowed, Books, Chosen, listed, option, repeated_options, wrong
from tunebook.core.errors import BookError, TunebookError
from tunebook.core.locations import AUTO
from tunebook.core.messages import say
from tunebook.report.plan_words import estimate_text, plan_facts, technique_values

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.nouns import ParamTable, Plan, Report
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.runs import Run

_FEW = 10  # rows a second below which a digit after the point is told
TRACKERS = ("tensorboard", "wandb", "mlflow")


@dataclass(frozen=True)
class How:
    """How a run is made and what is kept of it."""

    dry_run: Annotated[bool, option("dry_run", "--dry-run")] = False
    again: Annotated[bool, option("again", "--again")] = False
    track: Annotated[str, option("track", "--track", metavar="NAME,…")] = "tensorboard"
    keep_checkpoints: Annotated[bool, option("keep_checkpoints", "--keep-checkpoints")] = False
    no_eval: Annotated[bool, option("no_eval", "--no-eval")] = False
    auto: Annotated[bool, option("auto", "--auto")] = False
    continue_from: Annotated[str | None, option("continue_from", "--continue-from", metavar="RUN")] = None


def train(book: Books, chosen: Chosen, how: How, allowed: Allowed) -> Answer:
    """Train, and evaluate on the test rows."""
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.plan import plan as fill

    opened = open_book(book)
    tracked = trackers(how.track)
    table = chosen_table(opened, chosen)

    def plan_of(version: ParamTable) -> Plan:
        return fill(version, opened.data, allow=allowed.names, continue_from=how.continue_from)

    plan = plan_of(table)
    tell_start(table, plan)
    if how.dry_run:
        go = command("train", opened.path, *repeated_options(chosen, how, allowed, but="dry_run"))
        return _dry(plan, described(opened, chosen), go)
    if chosen.changes:
        note(say("cli.set.told", table=described(opened, chosen)), style="yellow")
        for warning in overruled(opened, chosen):
            note(warning["message"], style="yellow")

    def attempt(made: Plan) -> Answer:
        return trained(opened, made, how, tracked)

    words = repeated_options(chosen, how, allowed, but="auto")
    return in_memory(Wanted(opened, table, chosen, words, how.auto), plan_of, attempt)


def tell_start(table: ParamTable, plan: Plan) -> None:
    """Say which model takes the place of the table's and which classes are new to it, or what the base's head lends."""
    if plan.continues is None:
        from tunebook.core.formatting import head_text

        if plan.head is not None:
            note(head_text(plan), style="yellow")
        return
    from tunebook.core.locations import read_plan
    from tunebook.engine.continual import MERGED

    base = table.rows["base_model"].value if "base_model" in table.rows else "–"
    note(say("forgetting.begins", run=plan.continues.name, base=base), style="yellow")
    known = read_plan(plan.continues)
    if Path(plan.model).name == MERGED:
        note(say("forgetting.merges", techniques=", ".join(known.techniques), folder=plan.model))
    fresh = plan.labels.names[len(known.labels.names) :]
    if fresh:
        note(say("forgetting.grows", count=len(fresh), names=", ".join(fresh[:10])), style="yellow")


def trackers(text: str) -> list[str]:
    """Names of trackers from `tensorboard,wandb`; none from `none`.

    Raises:
        TunebookError: `cli.option` for a name that is none of them.
    """
    names = [name.lower() for name in listed(text) if name.lower() not in ("none", "无")]
    if unknown := [name for name in names if name not in TRACKERS]:
        raise wrong("--track", unknown[0], " | ".join((*TRACKERS, "none")))
    return names


def _dry(plan: Plan, table: str, go: str) -> Answer:
    """What would be done, and the command that does it."""

    def tell(screen: Console) -> None:
        screen.print(say("cli.train.dry"), style="yellow")
        screen.print()
        screen.print(facts([(say("cli.table"), table), *plan_facts(plan)]))
        screen.print()
        from tunebook.cli.answer import grid
        from tunebook.core.formatting import shown

        rows = [(name, shown(value)) for name, value in plan.params.model_dump().items()]
        rows += [
            (f"{key}.{name}", text)
            for key, part in plan.techniques.items()
            for name, text in technique_values(key, part).items()
        ]
        screen.print(grid((say("cli.name"), say("cli.value")), rows))

    data = {"dry_run": True, "plan": plan.model_dump(mode="json"), "estimate": plan.estimate.model_dump()}
    return Answer(data, tell, (go,))


def trained(book: Book, plan: Plan, how: How, tracked: list[str]) -> Answer:
    """Train this plan, or take the run that there is, and score it."""
    from tunebook.verbs.evaluate import evaluate
    from tunebook.verbs.steps.pace import pace_of
    from tunebook.verbs.steps.runs import find_run
    from tunebook.verbs.steps.train import train as fit

    before = None if how.again else find_run(book.path / "runs", plan)
    finished = before is not None and before.finished
    if finished:
        note(say("cli.train.finished", run=before.id if before else ""), style="yellow")
    else:
        note(
            say(
                "cli.train.begins" if before is None else "cli.train.resumes",
                estimate=estimate_text(plan.whole, pace_of(book.path / "runs")),
            )
        )
    with Bars(plan.params.metric) as bars:
        run = fit(plan, again=how.again, track=tracked, progress=bars, keep_checkpoints=how.keep_checkpoints)
        for line in _notices(run):
            note(line, style="yellow")
        report = _scored(run)
        if not how.no_eval and (report is None or report.split != "test") and book.data.rows.get("test"):
            note(say("cli.eval.begins"))
            report = evaluate(run, book.data, progress=bars)
    flags = {"resumed": before is not None and not finished, "finished_before": finished}
    report = None if how.no_eval else report
    return Answer(
        run_data(run, report) | flags, lambda screen: tell_run(screen, run, report, book), _next(book, run, report)
    )


def _notices(run: Run) -> list[str]:
    """What there is to say of a training by its counters and its scores."""
    from tunebook.core.formatting import noticed
    from tunebook.core.registry import task_of

    return [*noticed(run.outcome.get("counters", {})), *task_of(run.plan.task)().notices(run.validation_scores)]


def _scored(run: Run) -> Report | None:
    """The report that there is; None where there is none or it is damaged: it is made anew."""
    try:
        return run.report
    except BookError as error:
        note(error.message, style="yellow")
        return None


def run_data(run: Run, report: Report | None) -> dict[str, Any]:
    """A run for `--json`: with its scores on the test rows, else with those on the validation rows."""
    from tunebook.tables.in_force import peak_reached
    from tunebook.verbs.steps.retention import read_retention

    outcome = run.outcome
    scores = report_data(report) if report else {"split": "validation", "metrics": run.validation_scores}
    cost = {name: outcome[name] for name in ("seconds", "rows_per_second", "peak_memory_bytes", "steps", "device")}
    size: dict[str, Any] = {n: outcome[n] for n in ("trained", "parameters", "stored_bytes") if n in outcome}
    kept = retention_data(read_retention(run) if report else None)
    rate = {"learning_rate": peak_reached(run.plan, outcome["steps"])}
    head = {"head": run.plan.head.model_dump()} if run.plan.head else {}
    told = {"notices": _notices(run)}
    return {"run": run.id, "path": str(run.path), **scores, **cost, **rate, **size, **kept, **head, **told}


def tell_run(screen: Console, run: Run, report: Report | None, book: Book) -> None:
    """Print what a run is worth and what it cost."""
    from tunebook.core.formatting import duration, memory, metric_name, number, score_text
    from tunebook.verbs.steps.retention import read_retention

    outcome, rate = run.outcome, run.outcome["rows_per_second"]
    if report is not None:
        tell_report(screen, report)
        tell_probe(screen, report, run, book)
        tell_retention(screen, read_retention(run))
    else:
        metric = run.plan.params.metric
        value = score_text(run.validation_scores.get(metric))
        screen.print(say("cli.train.validation", metric=metric_name(metric), value=value))
    screen.print()
    cost = say(
        "cli.cost_of",
        time=duration(outcome["seconds"]),
        rate=number(round(rate) if rate >= _FEW else float(f"{rate:.2g}")),
        memory=memory(outcome["peak_memory_bytes"]),
        device=outcome["device"],
    )
    size = [(say("peft.trained"), kept_text(outcome))] if outcome.get("parameters") else []
    files = [*size, (say("cli.model"), run.path / "model")]
    files += [(say("cli.report"), run.path / "report.html")] if report else []
    screen.print(facts([(say("cli.run"), run.id), (say("cli.cost"), cost), *files]))


def kept_text(outcome: dict[str, Any]) -> str:
    """What of the model was trained, and what keeping it takes."""
    from tunebook.core.formatting import memory, number, share_text

    return say(
        "peft.kept",
        trained=number(outcome["trained"]),
        all=number(outcome["parameters"]),
        share=share_text(outcome["trained"] / outcome["parameters"]),
        bytes=memory(outcome["stored_bytes"]),
    )


def _next(book: Book, run: Run, report: Report | None) -> tuple[str, ...]:
    asked = AUTO if book.run().id == run.id else run.id
    first = predict_command(book, asked) if report else command("eval", book.path, "--run", run.id)
    merging = (command("merge", book.path, "--run", run.id, "--into", "merged"),) if _to_merge(run) else ()
    return (first, *embed_command(book, asked), *merging, command("runs", book.path))


def _to_merge(run: Run) -> bool:
    """Whether what makes vectors elsewhere is only to be had by merging: a part was trained beside its base model."""
    from tunebook.core.registry import task_of
    from tunebook.engine.merging import unmergeable
    from tunebook.engine.partial_model import is_partial

    if "vectors" not in task_of(run.plan.task).gives or not is_partial(run.model):
        return False
    with suppress(TunebookError):  # its base model is gone
        return not unmergeable(run.plan)
    return False


__all__ = ["TRACKERS", "How", "kept_text", "run_data", "tell_run", "tell_start", "trackers", "train", "trained"]
