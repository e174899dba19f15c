from tunebook.core.progress import Looks, Quiet, Silent


def test_silence():
    watcher = Silent()
    assert watcher.start("training", 10, done=2) is None
    assert watcher.advance(3, loss=0.1) is None
    assert watcher.finish() is None


class Heard:
    def __init__(self) -> None:
        self.told: list[object] = []

    def start(self, what: str, total: int, done: int = 0) -> None:
        self.told.append((what, total, done))

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.told.append((amount, figures))

    def note(self, text: str) -> None:
        self.told.append(text)

    def look(self, step: int, scores: dict[str, float]) -> None:
        raise AssertionError("scores of a stage are none of the book's")

    def finish(self) -> None:
        self.told.append("finished")


def test_of_a_stage_all_is_told_but_its_scores() -> None:
    heard = Heard()
    quiet = Quiet(heard)
    quiet.start("training", 10, done=2)
    quiet.advance(3, loss=0.1)
    quiet.note("slow")
    quiet.finish()
    assert heard.told == [("training", 10, 2), (3, {"loss": 0.1}), "slow", "finished"]
    assert isinstance(heard, Looks) and not isinstance(quiet, Looks)
