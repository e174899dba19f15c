"""What a request may say, and what is wrong with one that says something else."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, StrictStr, ValidationError, model_validator
from pydantic_core import from_json

from tunebook.core.errors import DataError, TunebookError, raise_all
from tunebook.core.localized import localized
from tunebook.requests.record import PLACES

_USER = Annotated[str | None, Field(default=None, min_length=1, max_length=256, description=(
    "Who asks: the same user is always answered by the same version of a rollout. Kept as a hash only."
))]  # fmt: skip
_TOP_K = Annotated[int | None, Field(default=None, ge=1, description="Keep the scores of so many classes, best first.")]
_EXACT = 2**53  # whole numbers beyond it are no longer told apart as floats, in which the log keeps them
_Whole = Annotated[int, Field(ge=-_EXACT, le=_EXACT)]
Kind = TypeVar("Kind", bound=BaseModel)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Texts(_Body):
    """One text, or several."""

    text: str | None = Field(default=None, description="One text; the answer then has `answer`.")
    texts: list[str] | None = Field(default=None, min_length=1, description="Several; the answer then has `answers`.")
    user: _USER

    @model_validator(mode="after")
    def _one_of_both(self) -> Any:
        if (self.text is None) == (self.texts is None):
            raise DataError("serve.one_of", key="text | texts")
        return self

    @property
    def all(self) -> list[str]:
        """The texts."""
        return [self.text] if self.text is not None else list(self.texts or ())


class Predict(_Texts):
    """Classes, numbers or spans of texts."""

    pair: str | None = Field(default=None, description="Second text, for a model of pairs.")
    pairs: list[str] | None = Field(default=None, description="Second texts, as many as `texts`.")
    top_k: _TOP_K

    @property
    def second(self) -> list[str] | None:
        """The second texts; None where there are none.

        Raises:
            DataError: `serve.pairs`, not one for each text.
        """
        given = [self.pair] if self.pair is not None else self.pairs
        single = self.text is not None
        wrong = self.pairs is not None if single else self.pair is not None
        if given is None and not wrong:
            return None
        if wrong or given is None or len(given) != len(self.all):
            key = "pair" if single else "pairs"
            raise DataError("serve.pairs", key=key, value=len(given or ()), allowed=str(len(self.all)))
        return list(given)


class Embed(_Texts):
    """Vectors of texts."""

    side: Literal["query", "passage"] = Field(
        default="passage", description="What a model that was trained with prompts takes the texts for."
    )


class Rerank(_Body):
    """Scores of passages for a query."""

    query: str
    passages: list[str] = Field(min_length=1)
    top_k: _TOP_K
    user: _USER


class Told(_Body):
    """What came back of one text."""

    request: str = Field(min_length=1, max_length=128, description="`request_id` of the answer.")
    number: int = Field(default=0, ge=0, lt=PLACES, description="Place of the text in the request, from 0.")
    name: str = Field(
        default="label", min_length=1, max_length=64, pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$",
        description="`label` for the true answer, else a business event such as `bought`.",
    )  # fmt: skip
    value: bool | _Whole | FiniteFloat | StrictStr = Field(
        description="A class, a number, or yes and no as true and false."
    )
    source: str = Field(default="", max_length=128, description="Who tells it.")


class ToldMany(_Body):
    """What came back of several texts."""

    items: list[Told] = Field(min_length=1, max_length=1000)


def read(kind: type[Kind], body: bytes) -> Kind:
    """A body of JSON as what it should be.

    Raises:
        DataError: `serve.json`; `serve.field`, `serve.unknown`, `serve.missing` with all others that are wrong beside
            the first; `serve.one_of`.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        found = {problem.key: problem for problem in reversed([_told(kind, dict(item)) for item in error.errors()])}
        raise_all(list(found.values())[::-1])
        raise


def read_told(body: bytes) -> list[Told]:
    """What came back of one text, or of several. Raises as `read`."""
    try:
        said = from_json(body)
    except ValueError:
        said = None  # `read` says what is wrong
    return list(read(ToldMany, body).items) if isinstance(said, dict) and "items" in said else [read(Told, body)]


def _told(kind: type[BaseModel], item: dict[str, Any]) -> TunebookError:
    """One thing that pydantic found. Of a value only its kind is shown: it may be a user's text."""
    place = item["loc"][: item["loc"].index("value") + 1] if "value" in item["loc"] else item["loc"]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    if item["type"] == "json_invalid":
        return DataError("serve.json", key="body", reason=str(item["ctx"]["error"]))
    if item["type"] == "extra_forbidden":
        allowed = list((kind if len(place) == 1 else Told).model_fields)
        return DataError("serve.unknown", key=key, allowed=" | ".join(allowed), near=_near(str(place[-1]), allowed))
    if item["type"] == "missing":
        return DataError("serve.missing", key=key)
    given = item["input"]
    shown = given if isinstance(given, bool | int | float) or given is None else type(given).__name__
    return DataError("serve.field", key=key or "body", value=shown, allowed=_allowed(item["type"], item.get("ctx", {})))


def _near(name: str, known: list[str]) -> str:
    """Which one was meant, to be said in the language of the client."""
    found = get_close_matches(name.casefold(), known, 1)
    return localized("error.near", nearest=found[0]) if found else ""


def _allowed(kind: str, bounds: dict[str, Any]) -> str:
    """What may stand there, in short."""
    words = {"string_type": "string", "int_type": "int", "list_type": "list", "model_type": "object",
             "finite_number": "number", "bool_type": "string | number | true | false"}  # fmt: skip
    ends = {"ge": ">= ", "le": "<= ", "lt": "< ", "min_length": ">= ", "max_length": "<= ", "pattern": ""}
    told = [f"{sign}{bounds[name]}" for name, sign in ends.items() if name in bounds]
    if kind == "literal_error":
        return str(bounds["expected"]).replace("'", "").replace(" or ", " | ")
    return " ".join(told) or words.get(kind, kind)


__all__ = ["Embed", "Predict", "Rerank", "Told", "ToldMany", "read", "read_told"]
