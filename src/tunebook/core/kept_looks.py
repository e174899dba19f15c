"""What a training's looks at the validation rows answered, kept so that no row has a say in who answers it.

The checkpoint of a run is the best of its looks on the validation rows, so on these very rows it looks better than it
is, the more so the more looks there were. Therefore the rows are shared out into folds, and each fold is answered by
the look that is best on all other folds. Folder `looks/` of a run:

- `looks.json`: of each look its step, its score on all rows, and its score on the rows outside of each fold.
- `folds.npy`: the fold of each row.
- `STEP.npy`: the answers (N, outputs), float32, of those looks only that a fold, or the run itself, would choose, here
  or where the run would go on from one of its checkpoints: a few files, however many looks there were. (A look that is
  no longer the best for any fold never is again.)
- `crossed.npy` in their place, where the run's model is made of several looks: the answer to each row of the model that
  would have been made without its fold.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from tunebook.core.files import content_id, part_of, write_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER, _LOOKS, _FOLDS, _CROSSED = "looks", "looks.json", "folds.npy", "crossed.npy"
Rule = Literal["best", "last", "own"]


@dataclass(frozen=True)
class KeptLook:
    """A look: after which step, its score on all validation rows, and on those outside of each fold; `width` is k of
    its answers, None in looks of older versions, where it was the same for all."""

    step: int
    score: float
    off: tuple[float, ...]
    width: int | None = None


@dataclass(frozen=True)
class KeptLooks:
    """The looks of a run, in the order of their steps.

    Attributes:
        path: the folder `looks/`.
        rule: which look's weights the run keeps: the best one's, the last one's whatever its score, or its own mixture.
        rows: hash of the validation rows' targets.
    """

    path: Path
    rule: Rule
    rows: str
    looks: tuple[KeptLook, ...] = ()

    @staticmethod
    def read(run: Path) -> KeptLooks | None:
        """The looks of a run; None where none were kept, or the file is damaged."""
        path = run / FOLDER
        with suppress(OSError, ValueError, KeyError, TypeError):
            found = json.loads((path / _LOOKS).read_text(encoding="utf-8"))
            looks = tuple(
                KeptLook(int(item["step"]), float(item["score"]), tuple(map(float, item["off"])), item.get("width"))
                for item in found["looks"]
            )
            if found["rule"] in get_args(Rule) and len({len(look.off) for look in looks}) < 2:
                return KeptLooks(path, found["rule"], found["rows"], looks)
        return None

    def begun(self, folds: NDArray[np.int64], until: int) -> KeptLooks:
        """The looks up to a step, and nothing that came after it: where a run begins, or goes on from a checkpoint."""
        kept = [look for look in self.looks if look.step <= until]
        _save(self.path / _FOLDS, folds)
        (self.path / _CROSSED).unlink(missing_ok=True)
        return self._written(kept, {look.step for look in kept})

    def with_look(self, look: KeptLook, logits: NDArray[Any]) -> KeptLooks:
        """With one look more, on the disk too: its answers first."""
        _save(self._file(look.step), logits)
        wide = replace(look, width=logits.shape[1])
        return self._written([*(item for item in self.looks if item.step != look.step), wide], None)

    def pruned(self, checkpoints: Iterable[int] = ()) -> None:
        """Delete the answers that no fold chooses, now or after the steps of these checkpoints."""
        needed = set(self.chosen())
        for step in checkpoints:
            before = KeptLooks(self.path, self.rule, self.rows, tuple(x for x in self.looks if x.step <= step))
            needed |= set(before.chosen())
        self._written(self.looks, needed)

    def chosen(self) -> list[int]:
        """The step whose look the run itself keeps, and then those that all rows outside of each fold choose."""
        if not self.looks or self.rule == "own":
            return []
        columns = zip(*((look.score, *look.off) for look in self.looks), strict=True)
        return [self.looks[-1 if self.rule == "last" else first_best(column)].step for column in columns]

    def cross(self, answers: Sequence[NDArray[Any]]) -> None:
        """Keep of what was answered for each fold, (N, outputs), the rows of that fold."""
        import numpy as np

        from tunebook.core.answers import stacked

        folds = self.folds()
        _save(self.path / _CROSSED, stacked(answers)[folds, np.arange(len(folds))])

    @property
    def complete(self) -> bool:
        """Whether there are answers to all rows."""
        return bool(self.looks) and (self.rule != "own" or (self.path / _CROSSED).is_file())

    def crossed(self) -> NDArray[np.float32]:
        """What `cross` has kept, shape (N, outputs). Raises as `answers`."""
        return _answers(self.path / _CROSSED)

    @staticmethod
    def fault(run: Path) -> Path | None:
        """The first file of a run's looks that is missing or damaged; None where all are whole, or none were kept."""
        if not (run / FOLDER).is_dir():
            return None
        looks = KeptLooks.read(run)
        return run / FOLDER / _LOOKS if looks is None else looks.damage()

    def damage(self) -> Path | None:
        """The first file of answers, or of folds, that is missing, damaged or of another shape than it was."""
        folds, rows, widths = self.path / _FOLDS, set(), set()
        known = {self._file(look.step): look.width for look in self.looks}
        needed = {*map(self._file, self.chosen()), *self.path.glob("*.npy")} - {folds}
        for file in (folds, *sorted(needed)):
            try:
                found = self.folds() if file == folds else _answers(file)
            except (OSError, ValueError):
                return file
            rows.add(len(found))
            if (width := known.get(file)) is None:
                widths.add(found.shape[1:])
            if len(rows) > 1 or len(widths) > 2 or width not in (None, *found.shape[1:]):
                return file
        return None

    def folds(self) -> NDArray[np.int64]:
        """The fold of each row, shape (N,), one of those that the looks have scores without. Raises as `answers`."""
        found = _load(self.path / _FOLDS)
        most = min((len(look.off) for look in self.looks), default=len(found))
        if (
            found.ndim != 1
            or found.dtype.kind not in "iu"
            or not len(found)
            or not 0 <= found.min() <= found.max() < most
        ):
            raise ValueError(f"{found.dtype} {found.shape} are no folds")
        return found

    def answers(self, step: int) -> NDArray[np.float32]:
        """What the look after a step answered, shape (N, outputs).

        Raises:
            OSError, ValueError: the file is gone or damaged.
        """
        return _answers(self._file(step))

    def _file(self, step: int) -> Path:
        return self.path / f"{step}.npy"

    def _written(self, looks: Sequence[KeptLook], steps: set[int] | None) -> KeptLooks:
        """These looks on the disk, with the answers of these steps alone; None leaves the answers as they are."""
        listed = [asdict(look) for look in looks]
        write_whole(self.path / _LOOKS, json.dumps({"rule": self.rule, "rows": self.rows, "looks": listed}) + "\n")
        for file in self.path.glob("*.npy") if steps is not None else ():
            if file.stem.isdigit() and int(file.stem) not in (steps or set()):
                file.unlink(missing_ok=True)
        return KeptLooks(self.path, self.rule, self.rows, tuple(looks))


def first_best(scores: Sequence[float]) -> int:
    """Place of the first highest score, as a trainer keeps it; of the last one where none is a number."""
    best, place = float("-inf"), len(scores) - 1
    for number, score in enumerate(scores):
        if score > best:
            best, place = score, number
    return place


def rows_key(targets: NDArray[Any]) -> str:
    """Hash of rows by their targets."""
    return content_id([list(targets.shape), targets.tolist()])


def _save(path: Path, array: NDArray[Any]) -> None:
    import numpy as np

    with part_of(path) as part, part.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)


def _answers(path: Path) -> NDArray[np.float32]:
    found = _load(path)
    if found.ndim != 2 or found.dtype.kind != "f":
        raise ValueError(f"{found.dtype} {found.shape} are no answers")
    return found


def _load(path: Path) -> NDArray[Any]:
    import numpy as np

    with path.open("rb") as stream:
        found: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
        return found


__all__ = ["FOLDER", "KeptLook", "KeptLooks", "Rule", "first_best", "rows_key"]
