"""The linear maps of a model's layers, by the names that people give them.

Other tools say which maps they mean in many ways: `all-linear`, a list, `q_proj,v_proj`. Names of one architecture
mean the maps that do the same work in another, so a configuration for a language model works on an encoder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn

from tunebook.core.errors import PlanError
from tunebook.core.params import Row
from tunebook.models.architecture import depths

ATTENTION = r"(^|\.)(attention|self_attn|encoder_attn|attn|self_attention|SelfAttention|EncDecAttention)\."
KEYS_VALUES = r"(^|\.)(key|value|[kv](_(proj|lin))?|(key|value)_proj|Wqkv|query_key_value|in_proj|c_attn)$"
ATTENTION_OUT = (
    r"(^|\.)(attention\.output\.dense|attention\.out_lin|attn\.Wo|(self|encoder)_attn\.o(ut)?_proj|attn\.c_proj|"
    r"(Self|EncDec)Attention\.o)$"
)
FEED_OUT = r"((?<!attention\.)\boutput\.dense|\bffn\.lin2|\bmlp\.(Wo|down_proj|c_proj)|\bfc2|\bDenseReluDense\.wo)$"
_FEED_IN = r"(\bintermediate\.dense|\bffn\.lin1|\bmlp\.(Wi|up_proj|gate_proj|c_fc)|\bfc1|\bDenseReluDense\.wi(_[01])?)$"
_FUSED = r"(qkv(_proj)?|Wqkv|W_pack|query_key_value|in_proj|c_attn)"
# Names that architectures give a map -> where a map of the same work is found; one map may do the work of three.
_WORK: Mapping[str, str] = {
    r"(q|wq|query|q_(proj|lin)|query_proj)": rf"(^|\.)(query|q|q_(proj|lin)|query_proj|{_FUSED})$",
    r"(k|wk|key|k_(proj|lin)|key_proj)": rf"(^|\.)(key|k|k_(proj|lin)|key_proj|{_FUSED})$",
    r"(v|wv|value|v_(proj|lin)|value_proj)": rf"(^|\.)(value|v|v_(proj|lin)|value_proj|{_FUSED})$",
    _FUSED: rf"(^|\.)(query|key|value|[qkv](_(proj|lin))?|(query|key|value)_proj|{_FUSED})$",
    r"(o|wo|Wo|o_proj|out_(proj|lin)|attn\.c_proj)": ATTENTION_OUT,
    r"(Wi|w1|w3|fc1|lin1|c_fc|(up|gate|gate_up)_proj|dense_h_to_4h)": _FEED_IN,
    r"(w2|fc2|lin2|down_proj|mlp\.c_proj|dense_4h_to_h)": FEED_OUT,
}
_ALL = frozenset({"all", "all-linear", "all_linear", "all linear"})
_NAME = r"[\w.\-]+"


def spelt_targets(given: Any) -> Any:
    """Targets as a table keeps them: `all`, `query|value` of a list or of names between commas, a pattern as it is."""
    if isinstance(given, str):
        names = _listed(given.strip())
        given = names if names is not None else given
    if isinstance(given, list | tuple) and given and all(isinstance(item, str) and item.strip() for item in given):
        names = [item.strip() for item in given]
        return "all" if any(name.lower() in _ALL for name in names) else "|".join(names)
    return given


def _listed(text: str) -> list[str] | None:
    """Names between commas, with or without brackets and quotes; None for a pattern."""
    if text.startswith("["):
        try:
            found = json.loads(text)
            return [str(item) for item in found] if isinstance(found, list) else None
        except ValueError:
            text = text[1:-1] if re.fullmatch(rf"\[\s*['\"]?{_NAME}.*,.*\]", text) else text
    names = [item.strip().strip("'\"") for item in re.split("[,，、]", text) if item.strip()]
    return names if names and all(re.fullmatch(_NAME, name) for name in names) else None


TARGETS = Row(
    "linear maps of the layers that get one: attention, all, names with commas between them (those of other "
    "architectures mean the maps of the same work), or a regular expression found in their names",
    zh="要加入低秩矩阵的线性层：attention（注意力）、all（全部）、以逗号分隔的名称（其他架构的名称指作用相同的层），"
    "或匹配其名称的正则表达式",
    reads=spelt_targets,
)


def linears(model: nn.Module) -> dict[str, str]:
    """Linear maps inside the layers: full name -> name within its layer."""
    found = depths(model)
    stacks = "|".join(re.escape(name) for name in (found.prefix, found.upper) if name)
    inside = re.compile(rf"(?:{stacks})\.\d+\.(.+)")
    maps = {name: inside.fullmatch(name) for name, module in model.named_modules() if _is_linear(module)}
    return {name: match.group(1) for name, match in maps.items() if match}


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"


def linears_like(model: nn.Module, pattern: str, key: str) -> list[str]:
    """Full names of the linear maps whose name within their layer matches.

    Raises:
        PlanError: `peft.targets`: there are none.
    """
    known = linears(model)
    chosen = [name for name, within in known.items() if re.search(pattern, within)]
    if not chosen:
        raise _missing(model, pattern, key)
    return chosen


def _missing(model: nn.Module, targets: str, key: str) -> PlanError:
    allowed = " | ".join(dict.fromkeys(linears(model).values()))
    return PlanError("peft.targets", key=key, value=targets, allowed=allowed, kind=type(model).__name__)


def checked_targets(pattern: str) -> str:
    """A pattern that can be compiled, in the table's spelling.

    Raises:
        ValueError: it cannot.
    """
    pattern = spelt_targets(pattern)
    try:
        re.compile(pattern)
    except re.error as error:  # no ValueError, which is what pydantic reports as the row's fault
        raise ValueError(str(error)) from error
    return pattern


def target_modules(model: nn.Module, targets: str, key: str) -> list[str]:
    """Full names of the linear maps of the layers that `attention`, `all`, names or a regular expression mean.

    Raises:
        PlanError: `peft.targets`: there are none, or one of several names means none.
    """
    known = linears(model)
    places = _at_home({"attention": ATTENTION, "all": ""}.get(targets, targets), known)
    for asked, place in places.items():
        if not _found(place, known.values()):
            raise _missing(model, asked, key)
    return linears_like(model, "|".join(places.values()), key)


def _at_home(pattern: str, known: Mapping[str, str]) -> dict[str, str]:
    """What was asked for -> where it is found: names that this model does not have in the words of its architecture.

    A pattern that no name within a layer matches is tried on whole names, as PEFT does.
    """
    names = pattern.split("|")
    if all(re.fullmatch(_NAME, name) for name in names):
        return {name: name if _found(rf"(^|\.){name}", known.values()) else _work(name) for name in names}
    if _found(pattern, known.values()):
        return {pattern: pattern}
    whole = dict.fromkeys(within for name, within in known.items() if re.search(pattern, name))
    return {pattern: rf"^({'|'.join(map(re.escape, whole))})$" if whole else pattern}


def _found(pattern: str, names: Iterable[str]) -> bool:
    return any(re.search(pattern, name) for name in names)


def _work(name: str) -> str:
    """Where a map of the same work is found; the name itself where none of its kind is known."""
    return next((place for names, place in _WORK.items() if re.fullmatch(names, name)), name)


__all__ = [
    "ATTENTION",
    "ATTENTION_OUT",
    "FEED_OUT",
    "KEYS_VALUES",
    "TARGETS",
    "checked_targets",
    "linears",
    "linears_like",
    "spelt_targets",
    "target_modules",
]
