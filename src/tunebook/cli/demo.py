"""tunebook demo: the whole way once, on built-in customer messages in the user's language and a built-in model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tunebook.cli.answer import Answer, command, note
from tunebook.cli.answers import tell_answers
from tunebook.cli.bars import Bars
from tunebook.cli.options import argument
from tunebook.cli.train import run_data, tell_run
from tunebook.core.errors import RunError
from tunebook.core.messages import language, say
from tunebook.report.plan_words import estimate_text

if TYPE_CHECKING:
    from rich.console import Console

SETS = {"en": ("sample:en", "builtin:minilm"), "zh": ("sample:zh", "builtin:multilingual")}
MESSAGES = {
    "en": ("Where is my parcel? It should have come on Monday.", "The kettle leaks and I would like my money back."),
    "zh": ("我的包裹在哪里？本来周一就该到了。", "水壶漏水，我想退款。"),
}


def demo(
    folder: Annotated[Path, argument("demo_folder", "FOLDER")] = Path("demo/book"),
) -> Answer:
    """Init, check, train, evaluate and predict."""
    from tunebook.core.registry import task_of
    from tunebook.verbs.evaluate import evaluate
    from tunebook.verbs.init import init
    from tunebook.verbs.predict import predict
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train

    chosen = _language()
    (data, model), messages = SETS[chosen], MESSAGES[chosen]
    _step(1, command("init", folder, "--data", data, *([] if chosen == "en" else ["--model", model])))
    book = init(folder, data, model=model)
    _step(2, command("check", folder))
    made = plan(book.champion, book.data)
    note(f"    {estimate_text(made.estimate)}")
    with Bars(made.params.metric) as bars:
        _step(3, command("train", folder))
        try:
            run = train(made, progress=bars)
        except RunError:  # its advice is to run the same command again, which would refuse the folder
            note(say("cli.demo.go_on", command=command("train", folder)), style="yellow")
            raise
        _step(4, command("eval", folder))
        report = evaluate(run, progress=bars)
        _step(5, command("predict", folder, *messages))
        answers = predict(run, messages, progress=bars)
    rows = [{"text": text, **answer} for text, answer in zip(messages, answers, strict=True)]

    def tell(screen: Console) -> None:
        tell_run(screen, run, report, book)
        screen.print()
        tell_answers(screen, rows, task_of(made.task)(), made.labels)

    told = {"book": str(folder), **run_data(run, report), "predictions": rows}
    more = (
        command("predict", folder, say("cli.some_text")),
        command("table", "show", folder),
        command("train", folder, "--set", "learning_rate=3e-4"),
        command("init", "mybook", "--data", "reviews.csv"),
    )
    return Answer(told, tell, more)


def _language() -> str:
    """The user's, as far as there is a base model for it; else English, with a word on how to get the other."""
    from tunebook.models.multilingual import EXTRA, NAME
    from tunebook.models.source import builtin_state

    if language() == "zh" and SETS["zh"][1] == NAME and builtin_state(NAME) == "missing":
        note(say("cli.demo.english", command=f"pip install -e '.[{EXTRA}]'"), style="yellow")
        return "en"
    return language()


def _step(number: int, line: str) -> None:
    note(f"[{number}/5] {line}", style="bold")


__all__ = ["MESSAGES", "SETS", "demo"]
