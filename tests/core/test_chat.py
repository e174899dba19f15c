from tunebook.core.chat import Chat, Turn, question, shown


def test_the_answer_is_the_last_turn_of_the_assistant() -> None:
    chat = Chat.of(("system", "Be short."), ("user", "Where is Oslo?"), ("assistant", "In Norway."))
    assert chat.answer == "In Norway."
    assert chat.asked.turns == chat.turns[:2]
    assert chat.asked.answered("In Norway.") == chat


def test_without_an_answer_all_of_it_is_asked() -> None:
    chat = question("Where is Oslo?")
    assert chat.answer is None
    assert chat.asked is chat
    assert Chat(()).answer is None


def test_words_and_calls_are_shown_on_lines_of_their_own() -> None:
    turns = [Turn("user", "How warm is it?"), Turn("assistant", "", calls='[{"name": "weather"}]')]
    assert shown(turns) == 'How warm is it?\n[{"name": "weather"}]'
