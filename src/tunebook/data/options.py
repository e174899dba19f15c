"""What a user may say about the data; whatever is left out is found out, and refused where it is unclear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, field_validator

from tunebook.core.call_check import described
from tunebook.core.errors import DataError, near
from tunebook.core.kind import kinds
from tunebook.core.nouns import Record
from tunebook.core.params import allowed_text
from tunebook.data.cleaning import clean_name

FileFormat = Literal["csv", "tsv", "txt", "json", "jsonl", "parquet", "xlsx", "sqlite"]


def _problems() -> list[str]:
    """Keys of the kinds of labels that rows may have."""
    return sorted(key for key, kind in kinds().items() if kind.in_column)


def _among_problems(problem: str | None) -> str | None:
    if problem is not None and problem not in _problems():
        raise ValueError(problem)
    return problem


class DataOptions(Record):
    """How files are read, cleaned and split.

    Attributes:
        text, text_pair, label, row_id, group, time, weight, annotators: columns that play these parts. A file without
            a header row has the columns c1, c2, ...
        task: key of what the rows are for; found out by the kind of labels when None.
        problem: key of the kind of labels; found out when None (never `ordinal`, which must be said).
        no_positives: what happens to queries of which no passage is relevant.
        label_separator: what stands between the labels of a row (multi-label).
        label_columns: columns of one class each, where a 1, a true or a mark says that the class applies; or columns
            that each hold the name of a class (first label, second label).
        no_label: labels that say that a row was not labelled, in place of those that are found out.
        label_order: classes from lowest to highest (ordinal).
        label_names: label as written -> name, or names by class number.
        merge_label_case: labels that differ only by case or spaces are one class; False refuses them.
        max_classes: more classes than this are refused.
        scheme: how tags of words are written; found out when None.
        overlaps: what happens to marked places that overlap: the longest of them stay, those that begin first, or the
            file is refused.
        format: format of the files, when their names do not say it.
        delimiter: character between cells. A space cuts each line once, at its first space (`LABEL some text`).
        quotes: `csv` reads "..." as one cell, `literal` keeps quotes as they are, `auto` finds out.
        encoding: encoding of text files.
        header: whether the first row names the columns.
        sheet: sheet of a workbook; query: SELECT statement for an SQLite file.
        dataset: name of a data set in a file that lists several (LLaMA-Factory's dataset_info.json).
        hidden: what happens to hidden rows and columns of a sheet (filtered ones too); None refuses them.
        fill_down: columns in which an empty cell means what stands above it.
        max_cell: characters that a cell may hold; longer ones are dropped as damaged.
        split: shares of train, validation and test (`7:2:1`, `0.8/0.1/0.1`). With two parts (`80/20`) the second is the
            test split, and 15 % of the first becomes the validation split.
        split_column: column that says which split a row belongs to (train, validation, test); splits that it does not
            name are cut from the training rows.
        split_by: what decides the side of a row: chance, the `group` column (no group spans two splits) or the `time`
            column (oldest rows train, newest test). None means `group` when that column was given, else `random`.
        seed: start of the draw of the split.
        clean: cleaning rules switched on or off by name, over their defaults.
        duplicates: what happens to rows of the same text and label. `remove` keeps the first of them.
        conflicts: what happens to training rows whose text bears another label, or another answer, elsewhere. `first`
            keeps the first row of each such text.
        leakage: what happens to training rows whose text stands in given validation or test rows.
        max_dropped: share of faulty rows above which preparation stops. Duplicates and leaked rows are no faults.
    """

    text: str | None = None
    text_pair: str | None = None
    label: str | None = None
    row_id: str | None = None
    group: str | None = None
    time: str | None = None
    weight: str | None = None
    annotators: list[str] | None = None

    task: str | None = None
    problem: Annotated[str | None, AfterValidator(_among_problems)] = None
    no_positives: Literal["drop", "keep", "refuse"] = "drop"
    label_separator: str | None = None
    label_columns: list[str] | None = Field(default=None, min_length=2)
    no_label: list[str] | None = None
    label_order: list[str] | None = None
    label_names: dict[str, str] | list[str] | None = None
    merge_label_case: bool = True
    max_classes: int = Field(default=1000, ge=2)
    scheme: Literal["io", "bio", "iob1", "bioes", "bilou", "bmes"] | None = None
    overlaps: Literal["longest", "first", "refuse"] = "refuse"

    format: FileFormat | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    quotes: Literal["auto", "csv", "literal"] = "auto"
    encoding: str | None = None
    header: bool | None = None
    sheet: str | None = None
    query: str | None = None
    dataset: str | None = None
    hidden: Literal["keep", "drop"] | None = None
    fill_down: list[str] | None = None
    max_cell: int = Field(default=1_000_000, ge=1)

    split: str = "7:2:1"
    split_column: str | None = None
    split_by: Literal["random", "group", "time"] | None = None
    seed: int = Field(default=42, ge=0, lt=2**32)
    clean: dict[str, bool] = Field(default_factory=dict)
    duplicates: Literal["remove", "keep", "refuse"] = "remove"
    conflicts: Literal["keep", "first", "refuse"] = "keep"
    leakage: Literal["remove", "refuse"] = "remove"
    max_dropped: float = Field(default=0.05, ge=0, le=1)

    if not TYPE_CHECKING:  # whose signature stays that of the fields

        def __init__(self, **given: Any) -> None:
            try:
                super().__init__(**given)
            except ValidationError as error:
                raise _wrong(error.errors()[0]) from None

    @field_validator("scheme", mode="before")
    @classmethod
    def _lower(cls, given: Any) -> Any:
        return given.lower() if isinstance(given, str) else given

    @field_validator("label_names")
    @classmethod
    def _on_one_line(cls, given: dict[str, str] | list[str] | None) -> dict[str, str] | list[str] | None:
        """Names as clean as those of files: one with a line break would be two in a list of them."""
        if isinstance(given, dict):
            return {label: clean_name(name) for label, name in given.items()}
        return given and [clean_name(name) for name in given]

    @property
    def parts_by(self) -> Literal["random", "group", "time"]:
        """What decides the side of a row."""
        return self.split_by or ("group" if self.group else "random")


def _wrong(fault: Any) -> DataError:
    """The first of the options that do not fit, in words."""
    name, fields = str(fault["loc"][0]), DataOptions.model_fields
    if name not in fields:
        return DataError("call.no_option", key=name, allowed=", ".join(fields), near=near(name, fields))
    allowed = allowed_text(fields[name]) or described(fields[name].annotation)
    allowed = " | ".join(_problems()) if name == "problem" and isinstance(fault["input"], str) else allowed
    given = fault["input"] if len(fault["loc"]) == 1 else {fault["loc"][-1]: fault["input"]}
    return DataError("call.option", key=name, value=given, allowed=allowed)


__all__ = ["DataOptions", "FileFormat"]
