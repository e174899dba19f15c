"""The benchmarks are listed without being imported, each by what its script says it is, and each can be run."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.__main__ import CLAIMS, FOLDER, about, told

ROOT = Path(__file__).parents[2]


def test_all_are_listed_on_a_line_each_in_order() -> None:
    lines = told().splitlines()[2:]
    assert [line.split()[0] for line in lines] == sorted(CLAIMS) and len(lines) > 70
    assert next(line for line in lines if " KILLS " in line).split("KILLS", 1)[1].strip() == about("KILLS")


@pytest.mark.parametrize("claim", CLAIMS)
def test_each_has_its_function_and_a_sentence_of_its_script(claim: str) -> None:
    module, _, function = CLAIMS[claim].partition(":")
    tree = ast.parse((FOLDER / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    assigned = (target for item in tree.body if isinstance(item, ast.Assign) for target in item.targets)
    given = {item.name for item in tree.body if isinstance(item, ast.FunctionDef)} | {*map(ast.unparse, assigned)}
    assert (function or "main") in given
    text = about(claim)
    assert len(text) > 15 and "\n" not in text and text[-1] in ".?" and not text.startswith(claim)


def test_scripts_of_several_claims_tell_them_apart() -> None:
    for claims in (("P1", "P2", "TRIM"), ("P5", "CACHED"), ("LM_SPEED", "LM_MEMORY")):
        assert len({about(claim) for claim in claims}) == len(claims)


@pytest.mark.parametrize(("asked", "code"), [("--help", 0), ("NO_SUCH", 2)])
def test_the_list_imports_no_library_that_takes_long(asked: str, code: int) -> None:
    run = f"import sys; sys.argv[1:] = [{asked!r}]; from benchmarks.__main__ import run; code = run(); "
    told_by = "print('loaded', *{'torch', 'numpy', 'tunebook'} & set(sys.modules), file=sys.stderr); sys.exit(code)"
    done = subprocess.run([sys.executable, "-c", run + told_by], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == code and "loaded\n" in done.stderr
    assert "  AUTO  " in (done.stderr if code else done.stdout)
