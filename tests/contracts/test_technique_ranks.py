"""With a technique two processes train as one does, or the technique says beforehand that it cannot.

Some techniques are drawn; `make check-all` tries each.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.contracts.technique_ranks import short_plan
from tests.contracts.test_techniques import KEYS, finite, rows
from tests.drawn import drawn
from tests.ground import Ground, weights
from tunebook.core.errors import TunebookError
from tunebook.core.registry import techniques

ROOT = Path(__file__).parents[2]
CHOSEN = drawn(KEYS, 16)
pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # no_cover: see test_techniques


@pytest.fixture(scope="module")
def two(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two gloo processes left of a short training with each technique."""
    folder = tmp_path_factory.mktemp("ranks")
    given = {key: rows(key, ground, folder / key) for key in CHOSEN}
    (folder / "rows.json").write_text(json.dumps(given))
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--master_port=0", "--standalone",
        "-m", "tests.contracts.technique_ranks", str(ground.folder), str(folder),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.mark.parametrize("key", CHOSEN)
def test_two_processes_are_one(key: str, two: Path, ground: Ground, tmp_path: Path) -> None:
    made = short_plan(ground, key, json.loads((two / "rows.json").read_text())[key])
    refused = two / key / "refused"
    if refused.is_file() and techniques()[key].alone:
        assert refused.read_text() == "ranks.technique"
        return
    if refused.is_file():  # such as R-Drop, which has nothing to do without dropout
        with pytest.raises(TunebookError) as caught:
            ground.fit(tmp_path, made).run()
        assert caught.value.code == refused.read_text() == "run.idle"
        return
    assert finite(two / key, made)
    if techniques()[key].draws:  # other draws on each process
        return
    ground.fit(tmp_path, made).run()
    one, other = weights(tmp_path, made), weights(two / key, made)
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-3, atol=1e-5, msg=name)
