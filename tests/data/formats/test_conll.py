from __future__ import annotations

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read

SENTENCES = {
    "conll.txt": "EU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\nleft VBD B-VP O\n",
    "two.tsv": "EU\tB-ORG\nrejects\tO\n\nPeter\tB-PER\nleft\tO\n",
    "x.conll": "-DOCSTART- -X- O\nEU -X- _ B-ORG\nrejects -X- _ O\n\nPeter -X- _ O\nleft -X- _ O\n",
    "x.iob": "-DOCSTART- -X- O O\n\nEU NNP B-NP S-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP O\nleft VBD B-VP O\n",
    "u.txt": "# text = EU left\n1\tEU\t_\tX\tX\t_\t0\troot\t_\t_\n2\tleft\t_\tX\tX\t_\t0\troot\t_\t_\n\n"
    "1-2\tAm\t_\t_\t_\t_\t_\t_\t_\t_\n1\tAn\t_\tX\tX\t_\t0\troot\t_\t_\n",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_tokens_under_each_other_are_tagging(write, name):
    with pytest.raises(DataError) as caught:
        read(write(name, SENTENCES[name]))
    assert caught.value.code == "format.tagging"
    assert "CoNLL" in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "yes O\nno O\nno B-side\nyes O\n",
        "one two\n\nthree four\n\nfive six\n\nseven eight\n",
        "a\tb\n\nc\td\ne\tf\ng\th\n",
    ],
)
def test_other_files_are_left_alone(write, text):
    assert read(write("x.txt", text)).notes["format"] == "txt"
