"""What the machine-readable description says of requests and answers, and a page of it that needs no network."""

from __future__ import annotations

import html
import json
from typing import Any

from pydantic import BaseModel

from tunebook.core.messages import say_in

_ANSWER = {
    "type": "object",
    "properties": {
        "request_id": {"type": "string"},
        "version": {"type": "string", "description": "Id of the run that answered."},
        "bundle": {"type": "string", "description": "Hash of its files."},
        "logged": {"type": "boolean", "description": "Whether the request is in the request log."},
    },
    "required": ["request_id"],
}
_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                name: {"type": "string"} for name in ("code", "key", "value", "allowed", "message", "advice")
            },
        },
        "request_id": {"type": "string"},
    },
}
_STATUS = {
    400: "No JSON", 401: "No key", 404: "Not given by this model", 408: "Too slow", 413: "Too large", 415: "No JSON",
    422: "Not as it should be", 500: "The model failed", 503: "Busy, stopping, or no log; see Retry-After",
}  # fmt: skip
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "h2{margin-top:2rem;font-size:1.1rem}code,pre{background:#f3f4f6;border-radius:4px}code{padding:.1rem .3rem}"
    "pre{padding:.8rem;white-space:pre-wrap}table{border-collapse:collapse}"
    "td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}"
    "@media(prefers-color-scheme:dark){body{background:#14171a;color:#e6e8ea}code,pre{background:#23272b}}"
)
_EXAMPLES = {
    "Predict": {"text": "The parcel came late."},
    "Embed": {"texts": ["one", "two"]},
    "Rerank": {"query": "late parcel", "passages": ["It came late.", "It is blue."]},
    "Told": {"request": "REQUEST_ID", "value": "delivery"},
}


def described(*kinds: type[BaseModel]) -> dict[str, Any]:
    """What FastAPI is told of a path whose body we read ourselves."""
    schemas = [kind.model_json_schema() for kind in kinds]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    content = {"application/json": {"schema": schema, "example": _EXAMPLES[kinds[0].__name__]}}
    errors = {
        status: {"description": text, "content": {"application/json": {"schema": _ERROR}}}
        for status, text in _STATUS.items()
    }
    responses = {200: {"description": "The answer", "content": {"application/json": {"schema": _ANSWER}}}, **errors}
    return {"openapi_extra": {"requestBody": {"required": True, "content": content}}, "responses": responses}


def page(schema: dict[str, Any], language: str, prefix: str, base: str = "http://127.0.0.1:8080") -> str:
    """A page of HTML in a language: each path, what it takes, and a command that asks it.

    Args:
        base: address of the server, without the prefix.
    """
    parts = [
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>Tunebook</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>Tunebook</h1><p>{say_in(language, 'serve.page')} "
        f'<a href="{html.escape(prefix)}/openapi.json">openapi.json</a></p>'
    ]
    for path, methods in schema["paths"].items():
        for method, said in methods.items():
            parts.append(f"<h2>{method.upper()} <code>{html.escape(prefix + path)}</code></h2>")
            parts.append(f"<p>{html.escape(say_in(language, f'serve.page_{path[1:]}'))}</p>")
            if body := said.get("requestBody"):
                parts.append(_body(body["content"]["application/json"], f"{base}{prefix}{path}", language))
    return "".join(parts) + "</html>"


def _body(content: dict[str, Any], path: str, language: str) -> str:
    schema = content["schema"].get("oneOf", [content["schema"]])[0]
    needed = set(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{html.escape(name)}</code></td><td>{_kind(field)}</td>"
        f"<td>{say_in(language, 'serve.page_needed') if name in needed else ''}</td></tr>"
        for name, field in schema["properties"].items()
    )
    example = json.dumps(content["example"], ensure_ascii=False)
    call = f"curl -s {path} -H 'Content-Type: application/json' -d '{example}'"
    return f"<table>{rows}</table><pre>{html.escape(call)}</pre>"


def _kind(field: dict[str, Any]) -> str:
    kinds = field.get("anyOf", [field])
    return html.escape(" | ".join(_word(kind) for kind in kinds if kind.get("type") != "null"))


def _word(kind: dict[str, Any]) -> str:
    return (
        f"[{_word(kind['items'])}]" if kind.get("type") == "array" and "items" in kind else str(kind.get("type", "any"))
    )


__all__ = ["described", "page"]
