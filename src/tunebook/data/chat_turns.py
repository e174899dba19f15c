"""One turn of a conversation as files have it: who speaks by any of the usual names, words, calls of tools."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tunebook.core.chat import Role, Turn
from tunebook.data.cells import missing

WHO: dict[str, Role] = {
    **dict.fromkeys(("user", "human", "prompter", "用户"), "user"),
    **dict.fromkeys(("assistant", "gpt", "bot", "model", "chatgpt", "助手"), "assistant"),
    **dict.fromkeys(("system", "developer", "系统"), "system"),
    **dict.fromkeys(("tool", "function", "observation", "tool_response", "function_response", "ipython"), "tool"),
}
CALLS = ("function_call", "tool_call", "tool_calls")  # who speaks (LLaMA-Factory, ms-swift), or a field of a message
ROLE, WORDS = ("role", "from"), ("content", "value")
_LEARN = ("train", "loss", "weight", "learn")
_NO = ("", "0", "0.0", "false", "no")
# Both sides of an exchange in one object (Firefly, XTuner).
_SIDES = ((("system",), "system"), (("human", "input", "user"), "user"), (("assistant", "output", "bot"), "assistant"))


CHAT_REASONS = frozenset(
    {
        *("chat_none", "chat_json", "chat_role", "chat_content", "chat_calls", "chat_tools", "chat_history"),
        *("chat_media", "chat_system", "chat_order", "chat_tool", "chat_last", "chat_empty", "empty_answer"),
    }
)


class ChatError(Exception):
    """A row is no conversation that can be learnt; `reason` of the ledger, and what is worth knowing."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def turns_of(items: Iterable[Any]) -> list[Turn]:
    """The turns of a list; what an assistant says and then calls is one turn.

    Raises:
        ChatError: `chat_role`, nobody known speaks; `chat_content`, what is said is no text; `chat_calls`.
    """
    found: list[Turn] = []
    names: dict[str, str] = {}
    for item in items:
        for turn in _exchange(item):
            if turn.calls and isinstance(item, Mapping):
                names |= _ids(item)
            if turn.role == "tool" and not turn.name and isinstance(item, Mapping):
                turn = Turn("tool", turn.content, turn.learn, name=names.get(str(item.get("tool_call_id")), ""))
            if found and _joins(found[-1], turn):
                turn = Turn("assistant", found.pop().content, turn.learn, turn.calls)
            found.append(turn)
    return found


def _joins(before: Turn, turn: Turn) -> bool:
    """Whether a turn of calls alone goes on with what the assistant said just before."""
    mine = before.role == turn.role == "assistant" and before.learn == turn.learn
    return mine and bool(turn.calls) and not turn.content and not before.calls


def _exchange(item: Any) -> list[Turn]:
    if not isinstance(item, Mapping):
        raise ChatError("chat_role", str(item)[:40])
    if any(not missing(item.get(name)) for name in ROLE):
        return [turn_of(item)]
    sides = [
        Turn(role, words_of(item[name]))  # type: ignore[arg-type]
        for names, role in _SIDES
        for name in names
        if not missing(item.get(name)) and item[name] != ""
    ]
    if not sides:
        raise ChatError("chat_role", ", ".join(map(str, item))[:40])
    return sides


def turn_of(item: Mapping[str, Any]) -> Turn:
    """A turn from an object.

    Raises:
        ChatError: as `turns_of`.
    """
    who = str(next(item[name] for name in ROLE if not missing(item.get(name)))).strip()
    words = next((item[name] for name in WORDS if not missing(item.get(name))), None)
    learn = next((_yes(item[name]) for name in _LEARN if not missing(item.get(name))), None)
    if who in CALLS:
        return Turn("assistant", "", learn, calls_of(words))
    role = WHO.get(who.lower())
    if role is None:
        raise ChatError("chat_role", who[:40])
    calls = ""
    if role == "assistant":
        said = next((item[name] for name in CALLS if not missing(item.get(name)) and item[name] != []), None)
        calls = "" if said is None else calls_of(said)
    if words is None and not calls:
        raise ChatError("chat_content", who)
    name = item.get("name")
    return Turn(role, words_of(words), learn, calls, str(name) if role == "tool" and not missing(name) else "")


def _yes(cell: Any) -> bool:
    """Whether a mark says yes; texts as they are written for no are none."""
    return cell.strip().lower() not in _NO if isinstance(cell, str) else bool(cell)


def words_of(content: Any) -> str:
    """Words of a content: a text, or parts that are texts; nothing where it is None.

    Raises:
        ChatError: `chat_content`, it holds something else, such as a picture.
    """
    if missing(content):
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "".join(map(_part, content))
    raise ChatError("chat_content", type(content).__name__)


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping) and isinstance(part.get("text"), str) and part.get("type", "text") in _TEXTS:
        return str(part["text"])
    raise ChatError("chat_content", str(part.get("type")) if isinstance(part, Mapping) else type(part).__name__)


_TEXTS = ("text", "input_text", "output_text")


def calls_of(said: Any) -> str:
    """Calls as the JSON text of a list of {"type": "function", "function": {"name", "arguments"}}, as chat templates of
    transformers take them: the arguments are an object.

    Raises:
        ChatError: `chat_calls`, they are no such JSON.
    """
    content = _json(said)
    items = content if isinstance(content, list) else [content]
    return json.dumps([_call(item) for item in items], ensure_ascii=False) if items else ""


def _call(item: Any) -> dict[str, Any]:
    inner = item.get("function", item) if isinstance(item, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        raise ChatError("chat_calls", str(item)[:40])
    given: Any = next((inner[name] for name in ("arguments", "parameters") if not missing(inner.get(name))), {})
    arguments = _json(given) if given != "" else {}
    if not isinstance(arguments, Mapping):
        raise ChatError("chat_calls", str(given)[:40])
    return {"type": "function", "function": {"name": inner["name"], "arguments": dict(arguments)}}


def _ids(item: Mapping[str, Any]) -> dict[str, str]:
    """Id -> name of the tool, of the calls of a message."""
    calls = item.get("tool_calls")
    found = [call for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []
    return {str(call["id"]): str((call.get("function") or call).get("name", "")) for call in found if call.get("id")}


def tools_of(said: Any) -> str:
    """Tools as the JSON text of a list of {"type": "function", "function": {"name", ...}}; empty for none.

    Raises:
        ChatError: `chat_tools`, they are no such JSON.
    """
    if missing(said) or said in ("", [], "[]"):
        return ""
    try:
        content = _json(said)
    except ChatError as error:
        raise ChatError("chat_tools", error.detail) from error
    tools = content if isinstance(content, list) else [content]
    return json.dumps([_tool(tool) for tool in tools], ensure_ascii=False) if tools else ""


def _tool(tool: Any) -> Any:
    inner = tool.get("function", tool) if isinstance(tool, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        raise ChatError("chat_tools", str(tool)[:40])
    return tool if "function" in tool else {"type": "function", "function": tool}


def _json(said: Any) -> Any:
    if not isinstance(said, str):
        return said
    try:
        return json.loads(said)
    except (ValueError, RecursionError) as error:
        raise ChatError("chat_calls", said[:40]) from error


__all__ = [
    "CALLS", "CHAT_REASONS", "ROLE", "WHO", "WORDS", "ChatError", "calls_of", "tools_of", "turn_of", "turns_of",
    "words_of",
]  # fmt: skip
