"""The records that verbs pass to each other: frozen, written as JSON, identified by their content."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from tunebook.core.files import content_id, write_whole
from tunebook.core.folders import reading
from tunebook.core.kind import Kind, kind_of
from tunebook.core.localized import STORED, Text
from tunebook.core.params import Value
from tunebook.core.settings import Filled

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class Record(BaseModel):
    """Base of the records: frozen, no unknown fields."""

    # A score may be NaN (an AUC without positives): as text it is still JSON and is read back as the same number.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings", defer_build=True)

    outside: ClassVar[frozenset[str]] = frozenset()  # fields that the id leaves out
    later: ClassVar[frozenset[str]] = frozenset()  # fields that older records lack: left out while they say nothing

    @property
    def id(self) -> str:
        """Hash of the record's content: 12 hexadecimal digits."""
        unsaid = {name for name in self.later if not getattr(self, name)}
        return content_id(self.model_dump(mode="json", exclude={*self.outside, *unsaid}, context=STORED))


class TableRow(Record):
    """One row of a parameter table.

    Attributes:
        value: what a run uses.
        default: what Tunebook declares.
        recommended: what was proposed for this book's data; None where nothing was.
        description: one sentence; the declaration's, unless the owner wrote another.
        reason: why it has its value, empty for a default.
        effect: what an A/B test found the row to be worth; None until tested.
    """

    value: Value
    default: Value = None
    recommended: Value = None
    description: str = ""
    reason: Text = ""
    effect: float | None = None


class ParamTable(Record):
    """A version of a book's hyper-parameters: name -> row, with where it comes from.

    Attributes:
        version: 1, 2, ...; 0 for a table that belongs to no book yet. parent: version that it was made from.
    """

    version: int = 0
    parent: int | None = None
    note: Text = ""
    owner: str = ""
    created: str = ""
    rows: dict[str, TableRow]

    def values(self) -> dict[str, Value]:
        """Name -> value of every row."""
        return {name: row.value for name, row in self.rows.items()}

    @property
    def values_id(self) -> str:
        """Hash of the values alone: two versions with equal values train the same run."""
        return content_id(self.values())


class Roles(Record):
    """Which column plays which part. Only `text` and `label` are needed to train."""

    text: str
    text_pair: str | None = None
    label: str | None = None
    row_id: str | None = None
    group: str | None = None
    time: str | None = None
    weight: str | None = None
    annotators: list[str] = []


class Labels(Record):
    """What the head predicts.

    Attributes:
        problem: key of the kind of target.
        names: the classes in the order of the head's outputs, ordered ones lowest first; empty for numbers.
        low, high: smallest and largest training value (regression; for ordered classes 0 and their number - 1).
        start: what a fresh head answers before training: the mean (regression), or the log-odds of each class's share
            (several labels), of the training rows.
    """

    problem: str
    names: list[str] = []
    low: float | None = None
    high: float | None = None
    start: list[float] = []

    @property
    def kind(self) -> Kind:
        """What kind of target they are. Raises a PlanError, `labels.kind`, where it is of none that is known."""
        return kind_of(self.problem)

    @property
    def outputs(self) -> int:
        """Number of outputs of the head."""
        return self.kind.outputs(self.names)


class DataRef(Record):
    """Prepared rows of a book, by content.

    Attributes:
        task: name of the task that the rows were prepared for.
        path: folder that holds rows.parquet, split.json and ledger.jsonl.
        sources: file name -> hash of its bytes.
        rows: number of rows of each split.
        content: hash of all rows with their splits; every run and both arms of a test name it.
        stats: figures that plan() and the report need (lengths, class counts, language, unknown tokens ...).
    """

    task: str = "text_classification"
    path: Path
    sources: dict[str, str]
    roles: Roles
    labels: Labels
    rows: dict[Split, int]
    content: str
    stats: dict[str, Any] = {}


class Estimate(Record):
    """What a run will need, before it starts.

    Attributes:
        seconds: of work; clock_seconds: of the clock, as busy as the machine is now with other work (0: not known).
        parameters: of the model; trained: those that training moves.
        cut_share: training rows that lose their end; left_out_share: those that teach nothing and take no part.
    """

    seconds: float
    memory_bytes: int
    steps: int
    parameters: int
    trained: int
    cut_share: float = 0.0
    left_out_share: float = 0.0
    clock_seconds: float = 0.0


class HeadStart(Record):
    """What a training takes up of a head with the classes `own`: its row of each label in `rows`, or, where it answers
    a `number` or the ends of a place, all of it. Everything else starts fresh."""

    own: list[str] = []
    rows: dict[str, int] = {}
    number: bool = False


class Plan(Record):
    """Everything that decides a run's outcome, filled in.

    The id is the hash of what decides it: not of paths, estimates, versions of the table or of libraries.

    Attributes:
        task: name of the task.
        model: base model as the user named it.
        model_id: hash of the base model's files (or the hub's revision).
        params: every training setting but the base model, filled.
        techniques: key -> parameters of each technique that is on, in the order in which they are woven.
        inputs: row of the table -> hash of the file or run that it names.
        table, data: content ids; `table_version` is for people.
        versions: library versions.
        before: plan of the stage whose model this training starts from; its id is then the `model_id`. None where it
            starts from the base model itself.
        stage: the stage that this is; empty for a book's own training.
        own_seed: the stage keeps its seed, whatever that of the training which it prepares.
        values: all rows of the table, where that is no version of the book; `allowed`: what was admitted by name.
        continues: folder of the run that this one continues from; what decides is its hash among the `inputs`.
        head: what is taken up of the base model's own head; None where it has none.
    """

    outside: ClassVar[frozenset[str]] = frozenset(
        {"data_path", "estimate", "table_version", "versions", "model", "table", "continues"}
        | {"before", "stage", "own_seed", "values", "allowed", "head"}
    )

    task: str
    model: str
    model_id: str
    labels: Labels
    params: Filled
    techniques: dict[str, dict[str, Value]]
    inputs: dict[str, str] = {}
    table: str
    table_version: int
    data: str
    data_path: Path
    seed: int
    versions: dict[str, str]
    estimate: Estimate
    before: Plan | None = None
    stage: str = ""
    own_seed: bool = False
    continues: Path | None = None
    values: dict[str, Value] = {}
    allowed: list[str] = []
    head: HeadStart | None = None

    @property
    def stages(self) -> list[Plan]:
        """Plans of the stages before this training, the first one first."""
        return [] if self.before is None else [*self.before.stages, self.before]

    @property
    def whole(self) -> Estimate:
        """What this training and all stages before it need together."""
        needed = [plan.estimate for plan in (*self.stages, self)]
        sums = {name: sum(getattr(item, name) for item in needed) for name in ("seconds", "clock_seconds", "steps")}
        return self.estimate.model_copy(update={**sums, "memory_bytes": max(item.memory_bytes for item in needed)})

    def with_seed(self, seed: int) -> Plan:
        """The same plan with another seed, as planning anew would make it; stages without a seed of their own too."""
        own = self.seed if self.own_seed else seed
        changed: dict[str, Any] = {"seed": own, "params": self.params.model_copy(update={"seed": own})}
        changed |= {"values": {**self.values, "seed": own}} if self.values else {}
        if self.before is not None:
            before = self.before.with_seed(seed)
            changed |= {"before": before, "model_id": before.id}
        return self.model_copy(update=changed)


class Interval(Record):
    """An estimate with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


class Report(Record):
    """What a run is worth on a split.

    Attributes:
        metrics: name -> value; `intervals` holds the headline ones with their ends.
        baselines: name -> metric -> value, on the same rows.
        ahead: the headline score less that of the best baseline, with the ends of its paired interval; None where there
            is no baseline, or only its score was kept.
        interval_notes: metric -> why its interval may hold the true value less often than it says.
        groups: how many groups of rows the intervals are over; 0 where rows were drawn one by one.
        per_class: class -> metric -> value, and `precision_low`, `precision_high` and so on for the ends.
        confusion: counts, rows are true classes, columns predicted ones.
        rows: number of rows; `content` their hash, so that reports on different rows are never compared.
    """

    run: str
    split: Split
    rows: int
    content: str
    headline: str
    metrics: dict[str, float]
    intervals: dict[str, Interval] = {}
    baselines: dict[str, dict[str, float]] = {}
    ahead: Interval | None = None
    per_class: dict[str, dict[str, float]] = {}
    confusion: list[list[int]] = []
    interval_notes: dict[str, list[Text]] = {}
    groups: int = 0
    extra: dict[str, Any] = {}


def read_json(kind: type[Record], path: Path) -> Any:
    """A record from its JSON file. Raises a BookError: `file.missing`, `file.damaged`, `file.newer`."""
    with reading(path):
        return kind.model_validate_json(path.read_text(encoding="utf-8"))


def write_json(record: Record, path: Path) -> Path:
    """Write a record as indented JSON into a new file; whole or not at all."""
    return write_whole(path, record.model_dump_json(indent=2, context=STORED) + "\n")


__all__ = [
    "SPLITS", "DataRef", "Estimate", "HeadStart", "Interval", "Labels", "ParamTable", "Plan", "Record",
    "Report", "Roles", "Split", "TableRow", "read_json", "write_json",
]  # fmt: skip
