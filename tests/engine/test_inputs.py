"""Places that a table names: found from the book's folder, known by their content, refused where they are not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest

from tests.ground import FIRST, MORE, Ground, make_ground
from tunebook.core import registry
from tunebook.core.errors import PlanError
from tunebook.core.params import Row, declarations
from tunebook.core.technique import RunContext, Technique, View
from tunebook.engine import inputs as module
from tunebook.engine.inputs import anchored
from tunebook.tables.make import child, new_table


class Borrow(Technique):
    """Looks at a file and at a run."""

    key: ClassVar[str] = "borrow"
    file: Annotated[str | None, Row("further rows", zh="更多数据", input="file")] = None
    teacher: Annotated[str | None, Row("another run", zh="另一次训练", input="run")] = None

    def prepare_data(self, view: View, run: RunContext) -> View:
        run.acted(self.key, seen=1)
        return view


@pytest.fixture(scope="module")
def own_ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return make_ground(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "techniques", lambda: {"borrow": Borrow})


FILE, TEACHER = declarations(Borrow)


def test_places_are_found_and_known_by_content(own_ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    book = own_ground.folder
    found = module.inputs_of([Borrow(file=MORE, teacher=FIRST)], book)
    assert found.keys() == {"borrow.file", "borrow.teacher"}
    assert module.inputs_of([Borrow()], book) == {}
    assert module.find_input(TEACHER, "fir", book) == (book / "runs" / FIRST).resolve()
    assert module.find_input(TEACHER, str(book / "runs" / FIRST), Path("/")) == (book / "runs" / FIRST).resolve()
    monkeypatch.chdir(book)
    assert module.find_input(FILE, MORE, Path("/nowhere")) == (book / MORE).resolve()
    (book / "copy.csv").write_bytes((book / MORE).read_bytes())
    assert module.inputs_of([Borrow(file="copy.csv")], book)["borrow.file"] == found["borrow.file"]


@pytest.mark.parametrize(("row", "value", "code"), [(FILE, "none.csv", "input.file"), (TEACHER, "none", "input.run")])
def test_a_place_that_is_not_there(own_ground: Ground, row: object, value: str, code: str) -> None:
    with pytest.raises(PlanError) as caught:
        module.find_input(row, value, own_ground.folder)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.key) == (code, row.name)  # type: ignore[attr-defined]


def test_a_table_that_is_kept_names_files_so_that_any_command_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("book/models/own", "here/model"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("book/in.csv", "here/out.csv", "here/in.csv"):
        (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path / "here")
    parent, book = new_table({"base_model": "model"}), tmp_path / "book"

    def told(row: str, value: str) -> Any:
        return anchored(child(parent, {row: value}), parent, book).values()[row]

    assert told("pretrain.file", "out.csv") == str(tmp_path / "here" / "out.csv")
    assert told("pretrain.file", "in.csv") == "in.csv", "seen from the book first, as when it is read"
    assert told("pretrain.file", "../book/in.csv").endswith("in.csv")
    assert told("pretrain.file", "nowhere.csv") == "nowhere.csv"
    assert told("base_model", "org/name") == "org/name" and told("base_model", "models/own") == "models/own"
    assert told("intermediate.books", "model, ../book") == [
        str(tmp_path / "here" / "model"),
        "../book",
    ]
    assert anchored(child(parent, {"seed": 3}), parent, book).values()["base_model"] == "model", "what was there stays"
    monkeypatch.chdir(tmp_path)
    assert told("base_model", "book/models/own") == "models/own"
    assert told("base_model", "here/model") == str(tmp_path / "here" / "model")
