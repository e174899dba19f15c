import subprocess
import sys
import types
from typing import Annotated, ClassVar

import pytest

from tunebook.core import plugins, registry
from tunebook.core.errors import TableError
from tunebook.core.params import Row
from tunebook.core.task import Task
from tunebook.core.technique import Technique


class Outer(Technique):
    key: ClassVar[str] = "outer"


class Point:
    name = "outer"

    def load(self):
        return Outer


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "some_techniques"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "one.py").write_text(
        "from typing import ClassVar\n"
        "from tunebook.core.technique import Technique\n"
        "class One(Technique):\n    key: ClassVar[str] = 'one'\n"
        "NUMBER = 3\n"
    )
    (folder / "two.py").write_text(
        "from typing import ClassVar\n"
        "from some_techniques.one import One\n"
        "from tunebook.core.technique import Technique\n"
        "class Two(Technique):\n    key: ClassVar[str] = 'two'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "some_techniques"
    for name in [name for name in sys.modules if name.startswith("some_techniques")]:
        del sys.modules[name]


def test_every_module_of_the_folder_and_every_entry_point(package, monkeypatch):
    monkeypatch.setattr(plugins, "entry_points", lambda group: [Point()] if group == package else [])
    found = registry._find(package, Technique)
    assert sorted(found) == ["one", "outer", "two"]
    assert found["outer"] is Outer
    assert found["one"].__module__ == "some_techniques.one"


def test_a_module_without_any(monkeypatch):
    folder = types.ModuleType("empty_tasks")
    folder.__path__ = []
    monkeypatch.setitem(sys.modules, "empty_tasks", folder)
    assert registry._find("empty_tasks", Task) == {}


def test_techniques_and_tasks_of_tunebook():
    pytest.importorskip("torch")
    assert all(issubclass(kind, Technique) and kind.key == key for key, kind in registry.techniques().items())
    assert all(issubclass(kind, Task) and kind.key == key for key, kind in registry.tasks().items())
    assert registry.techniques() is registry.techniques()


def test_one_task_is_found_without_the_others() -> None:
    code = (
        "import sys; from tunebook.core.registry import task_of, tasks;"
        "assert task_of('text_classification').key == 'text_classification';"
        "assert 'tunebook.tasks.masked_lm' not in sys.modules and 'torch' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert all(registry.task_of(key) is kind for key, kind in registry.tasks().items())
    for key in ("label_scores", "no_such_task", "a.b"):
        with pytest.raises(KeyError):
            registry.task_of(key)


def test_techniques_are_built_once(monkeypatch):
    class Fade(Technique):
        key: ClassVar[str] = "fade"

        last: Annotated[int, Row("last step", zh="末步")] = 10

    known = {"fade": Fade, "outer": Outer}
    monkeypatch.setattr(registry, "techniques", lambda: known)
    rows = {"outer": {}, "fade": {"last": 3}}
    first, again = registry.built(rows), registry.built({"outer": {}, "fade": {"last": 3}})
    assert list(first) == list(again) == ["outer", "fade"]
    assert all(first[key] is again[key] for key in rows)
    assert registry.built({"fade": {"last": 4}})["fade"] == Fade(last=4) != first["fade"] == Fade(last=3)
    with pytest.raises(TableError):
        registry.built({"fade": {"last": "x"}})
    monkeypatch.setattr(registry, "techniques", lambda: pytest.fail("imports torch"))
    assert registry.built({}) == {}
