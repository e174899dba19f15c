from __future__ import annotations

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.data.read import read

SENTENCES = {
    "conll.txt": "EU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP B-PER\nleft VBD B-VP O\n",
    "two.tsv": "EU\tB-ORG\nrejects\tO\n\nPeter\tB-PER\nleft\tO\n",
    "small.txt": "EU\tb-org\nrejects\to\n\nPeter\tb-per\nleft\to\n",
    "x.conll": "-DOCSTART- -X- O\nEU -X- _ B-ORG\nrejects -X- _ O\n\nPeter -X- _ O\nleft -X- _ O\n",
    "x.iob": "-DOCSTART- -X- O O\n\nEU NNP B-NP S-ORG\nrejects VBZ B-VP O\n\nPeter NNP B-NP O\nleft VBD B-VP O\n",
    "u.txt": "# text = EU left\n1\tEU\t_\tX\tX\t_\t0\troot\t_\t_\n2\tleft\t_\tX\tX\t_\t0\troot\t_\t_\n\n"
    "1-2\tAm\t_\t_\t_\t_\t_\t_\t_\t_\n1\tAn\t_\tX\tX\t_\t0\troot\t_\t_\n",
}


@pytest.mark.parametrize("name", [name for name in SENTENCES if name != "u.txt"])
def test_words_under_each_other(write, name):
    source = read(write(name, SENTENCES[name]))
    assert source.notes["tool"] == "CoNLL"
    assert source.table["text"].to_pylist() == ["EU rejects", "Peter left"]
    first = source.table["tag"].to_pylist()[0]
    outside = "o" if name == "small.txt" else "O"
    assert first == [{"start": 0, "end": 2, "tag": first[0]["tag"]}, {"start": 3, "end": 10, "tag": outside}]
    assert first[0]["tag"].upper() in ("B-ORG", "S-ORG")
    start = (
        SENTENCES[name].split("\n").index(next(line for line in SENTENCES[name].split("\n") if line[:2] == "EU")) + 1
    )
    assert source.rows.tolist() == [start, start + 3]


@pytest.mark.parametrize("gap", ["\n  \n", "\n\t\n", "\r\n \r\n"])
def test_a_line_of_blanks_ends_a_sentence_too(write, gap):
    source = read(write("x.txt", SENTENCES["two.tsv"].replace("\n\n", gap)))
    assert source.table["text"].to_pylist() == ["EU rejects", "Peter left"] and source.rows.tolist() == [1, 4]


def test_a_few_lines_without_a_tag_do_not_hide_what_the_column_is(write):
    lines = SENTENCES["two.tsv"] + "\n"
    with pytest.raises(DataError) as caught:
        prepare([write("x.txt", lines * 20 + "left\t?\n")], write("y.txt", "").parent / "data")
    assert caught.value.code == "data.scheme" and "?" in caught.value.message
    source = read(write("x.txt", lines + "left\t?\n"))  # one of five
    assert source.notes.get("tool") != "CoNLL"


def test_conllu_without_names_wants_a_column(write):
    path = write("u.txt", SENTENCES["u.txt"])
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.code == "format.unlabelled" and "--label" in caught.value.advice
    assert [word["tag"] for word in read(path, DataOptions(label="UPOS")).table["UPOS"].to_pylist()[0]] == ["X", "X"]
    with pytest.raises(DataError) as caught:
        read(path, DataOptions(label="NER"))
    assert caught.value.code == "format.tag_column" and "MISC" in caught.value.allowed


def test_conllu_with_words_that_are_several_and_words_that_are_not_written(write):
    lines = [
        "# sent_id = s1",
        "# text = vámonos al mar.",
        "1-2\tvámonos\t_\t_\t_\t_\t_\t_\t_\t_",
        "1\tvamos\tir\tVERB\t_\t_\t0\troot\t_\t_",
        "2\tnos\tnos\tPRON\t_\t_\t1\tobj\t_\tNER=B-PER",
        "2.1\tgone\t_\t_\t_\t_\t_\t_\t_\tNER=B-X",
        "3-4\tal\t_\t_\t_\t_\t_\t_\t_\t_",
        "3\ta\ta\tADP\t_\t_\t5\tcase\t_\t_",
        "4\tel\tel\tDET\t_\t_\t5\tdet\t_\t_",
        "5\tmar\tmar\tNOUN\t_\t_\t1\tobl\t_\tSpaceAfter=No|NER=B-LOC",
        "6\t.\t.\tPUNCT\t_\t_\t1\tpunct\t_\t_",
        "",
    ]
    for more in (lines, [line for line in lines if not line.startswith("# text")]):  # as it says, or by its gaps
        source = read(write("u.conllu", "\n".join(more * 3)))
        assert source.table["text"].to_pylist() == ["vámonos al mar."] * 3
        words = source.table["tag"].to_pylist()[0]
        assert [(word["start"], word["end"], word["tag"]) for word in words] == [
            (0, 7, "B-PER"), (8, 10, "O"), (11, 14, "B-LOC"), (14, 15, "O"),
        ]  # fmt: skip
        assert source.table["sent_id"].to_pylist() == ["s1"] * 3


def test_conllu_plus_names_its_columns(write):
    text = "# global.columns = ID FORM NER\n1\tEU\tB-ORG\n2\tleft\t_\n\n1\tRome\tB-LOC\n\n"
    source = read(write("p.conllup", text))
    assert [[word["tag"] for word in row] for row in source.table["tag"].to_pylist()] == [["B-ORG", "O"], ["B-LOC"]]


@pytest.mark.parametrize(
    ("line", "told"),
    [("{tag} {word}", None), ("{n} {word} {tag}", None), ("{word} {tag} x", None), ("{word} {tag} B-Q", "c2")],
)
def test_columns_in_any_order(write, line, told):
    pairs = [("EU", "B-ORG"), ("left", "O"), ("", ""), ("Rome", "B-LOC"), ("is", "O"), ("old", "O"), ("", "")]
    lines = [line.format(word=word, tag=tag, n=n) if word else "" for n, (word, tag) in enumerate(pairs, start=1)]
    source = read(write("x.txt", "\n".join(lines)), DataOptions(label=told))
    assert source.table["text"].to_pylist() == ["EU left", "Rome is old"]
    assert [word["tag"] for word in source.table[source.roles["label"]].to_pylist()[1]] == ["B-LOC", "O", "O"]


def test_letters_are_a_text_without_blanks_and_words_of_latin_are_not(write):
    letters = "\n".join(
        f"{letter} {tag}" for letter, tag in zip("在a3和b4馆", ["O", "B-X", "I-X", "O", "B-X", "I-X", "O"], strict=True)
    )
    source = read(write("x.txt", f"{letters}\n\n{letters}\n"))
    assert source.table["text"].to_pylist() == ["在a3和b4馆"] * 2
    words = "我 O\n住 O\n在 O\n北京 B-LOC\nHilton B-ORG\nHotel I-ORG\n。 O\n"
    assert read(write("y.txt", f"{words}\n{words}")).table["text"].to_pylist() == ["我住在北京 Hilton Hotel 。"] * 2


def test_documents_are_groups_where_they_hold_several_sentences(write):
    sentence = "EU B-ORG\nleft O\n\n"
    many = "".join("-DOCSTART- O\n\n" + sentence * 2 for _ in range(12))
    source = read(write("x.txt", many))
    assert source.roles["group"] == "document"
    assert source.table["document"].to_pylist() == [number for number in range(1, 13) for _ in range(2)]
    assert "group" not in read(write("y.txt", "-DOCSTART- O\n\n" + sentence * 20)).roles
    assert "group" not in read(write("z.txt", ("-DOCSTART- O\n\n" + sentence) * 20)).roles


def test_comments_blank_words_and_lines_that_lack_a_column(write):
    good = "# id 7 domain=en\n# O\nEU B-ORG\nhas O\nleft O\n\n"
    odd = good.replace("has O", "has O\n O")
    source = read(write("x.txt", good * 9 + odd + "one O\ntwo words O\n\n"))
    assert source.table["text"].to_pylist() == ["# EU has left"] * 10
    assert source.faults == {"tags_words": {62: "63"}}


def test_types_alone_are_tags_where_most_words_have_none(write):
    rows = "EU ORG\nhas O\nleft O\n\nthe O\nRome LOC\nof O\nold O\n\n" * 3
    source = read(write("x.txt", rows))
    assert source.notes["tool"] == "CoNLL"
    nouns = "EU NNP\nleft VBD\n\nRome NNP\nfell VBD\n\n"
    assert read(write("y.txt", nouns * 3)).notes["format"] == "txt"
    assert read(write("y.txt", nouns * 3), DataOptions(scheme="io")).notes["tool"] == "CoNLL"


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


def test_a_file_that_is_called_so_is_read_so_whatever_stands_in_it(write):
    """Lines that lack a column are told as such, and tags of no scheme by the kind."""
    lines = ["EU B-ORG", "left O", "", "Rome B-LOC", "is", "old", ""]
    source = read(write("x.conll", "\n".join(lines)))
    assert source.table["text"].to_pylist() == ["EU left"]
    assert source.faults == {"tags_words": {4: "5"}}
    odd = read(write("x.iob", "EU NNP\nleft VBD\n"))
    assert [word["tag"] for word in odd.table["tag"].to_pylist()[0]] == ["NNP", "VBD"]
    with pytest.raises(DataError, match=r"data\.format"):
        read(write("y.conll", "one\ntwo\nthree\n"))


def test_words_alone_are_sentences_where_answers_are_asked_for(write):
    path = write("x.conll", "# id = 7\n#Li\nlives\n\n-DOCSTART-\nEU\nleft\n")
    source = read(path, labelled=False)
    assert source.table.to_pylist() == [
        {"text": text, "\0words": [{"start": start, "end": end, "tag": ""} for start, end in places]}
        for text, places in (("#Li lives", [(0, 3), (4, 9)]), ("EU left", [(0, 2), (3, 7)]))
    ]
    assert source.rows.tolist() == [2, 6] and source.roles["words"] == "\0words"
    assert read(write("y.txt", "EU\nleft\n\nLi\nran\n"), labelled=False).table.num_rows == 4
    with pytest.raises(DataError, match=r"data\.format"):
        read(path)
