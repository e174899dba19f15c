import numpy as np
import pytest

from tunebook.core.batch import Criterion
from tunebook.core.task import Rows, Task


def test_rows_count_their_texts():
    rows = Rows(texts=["a", "b"], pairs=None, targets=None, ids=["1", "2"])
    assert len(rows) == 2
    assert rows.other == {}
    assert rows.weights is None


@pytest.mark.parametrize("places", [[2, 0], [], slice(1, 3)])
@pytest.mark.parametrize("pairs", [None, ["x", "y", "z"]])
@pytest.mark.parametrize("figures", [None, np.array([1.0, 2.0, 3.0])])
def test_rows_at_some_places(places, pairs, figures):
    rows = Rows(["a", "b", "c"], pairs, figures, ["1", "2", "3"], figures, {"more": [1, 2, 3]})
    some = rows.at(places)
    numbers = [0, 1, 2][places] if isinstance(places, slice) else places
    assert list(some.texts) == ["abc"[number] for number in numbers] and some.other == {}
    assert list(rows.at(places, columns=True).other["more"]) == [number + 1 for number in numbers]
    assert list(some.ids) == [str(number + 1) for number in numbers]
    assert (some.pairs is None) == (pairs is None) and (some.targets is None) == (figures is None)
    if pairs is not None:
        assert list(some.pairs) == ["xyz"[number] for number in numbers]
    if figures is not None:
        assert some.targets.tolist() == some.weights.tolist() == [number + 1.0 for number in numbers]


@pytest.mark.parametrize("kind", [Task, Criterion])
def test_contracts_cannot_be_made(kind):
    with pytest.raises(TypeError, match="abstract"):
        kind()


def test_a_task_that_says_no_more_has_no_detail_and_leaves_its_rows_as_they_are():
    class Plain(Task):
        build = skeleton = load = encode = collate = criterion = say = true = None

    rows = Rows(["a"], None, np.zeros(1), ["1"])
    assert Plain().detail(np.zeros((1, 1), np.float32), rows, None) == {}
    own = object()
    assert Plain().filled(own, None, None) is own
