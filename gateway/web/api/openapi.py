"""An operation of the API, and the OpenAPI 3.1 document for a list of operations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from gateway import __version__
from gateway.web.api.parsing import JSON
from gateway.web.api.problems import MEDIA_TYPE, STATUS
from gateway.web.api.schemas import ProblemBody

PREFIX = "/api/v1"
EVERYWHERE = (
    "foreign_host",
    "unauthenticated",
    "foreign_address",
    "foreign_service",
    "rate_limited",
    "store_unavailable",
    "internal",
)
_PARAMETER = re.compile(r"<(\w+)>")
REFERENCE = "#/components/schemas/{model}"
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "Made by mamia api-token"},
    "certificate": {"type": "mutualTLS", "description": "A certificate that the settings name"},
}
ABOUT = """\
For API clients that the academy trusts: they see people's passwords, and ask over TLS alone. Refusals and outages
are problems of RFC 9457 with a `code` that stays; their `detail` is for the person, in the language that
Accept-Language asks for."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API, as the routes and the OpenAPI document need it."""

    name: str
    method: str
    path: str
    """Path below PREFIX in Flask's syntax, for example /propagations/<ticket>."""
    summary: str
    view: Callable[..., ResponseReturnValue]
    problems: Sequence[str]
    """Codes of the problems that it can answer with, besides those in EVERYWHERE."""
    asks: type[BaseModel] | None = None
    """Model of the request's body; None: no body."""
    asked_as: str = JSON
    """Media type of the request's body."""
    answers: type[BaseModel] | None = None
    """Model of the answer's body; None: plain text."""


def openapi_document(operations: Sequence[Operation]) -> str:
    """Return the OpenAPI 3.1 document for `operations`, as JSON."""
    paths: dict[str, Json] = {}
    for operation in operations:
        path = PREFIX + _PARAMETER.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "MA-MAMIA", "version": __version__, "description": ABOUT},
        "security": [{name: []} for name in SCHEMES],
        "paths": paths,
        "components": {"securitySchemes": SCHEMES, "schemas": _schemas(operations)},
    }
    return json.dumps(document, indent=1)


def _schemas(operations: Iterable[Operation]) -> Json:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(ProblemBody, "serialization")]
    for one in operations:
        if one.asks:
            models.append((one.asks, "validation"))
        if one.answers:
            models.append((one.answers, "serialization"))
    _, schemas = models_json_schema(models, ref_template=REFERENCE)
    found: Json = schemas["$defs"]
    return found


def _operation(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {
            "200": {"description": operation.summary, "content": _answer(operation.answers)},
            **_problems((*EVERYWHERE, *operation.problems)),
        },
    }
    if names := _PARAMETER.findall(operation.path):
        text = {"type": "string", "minLength": 1}
        described["parameters"] = [{"name": name, "in": "path", "required": True, "schema": text} for name in names]
    if operation.asks:
        described["requestBody"] = {
            "required": True,
            "content": {operation.asked_as: {"schema": _reference(operation.asks)}},
        }
    return described


def _answer(shape: type[BaseModel] | None) -> Json:
    if shape is None:
        return {"text/plain": {"schema": {"type": "string"}}}
    return {JSON: {"schema": _reference(shape)}}


def _problems(codes: Iterable[str]) -> Json:
    """Return one response per HTTP status, with all codes that have this status."""
    responses: Json = {}
    by_status = sorted(dict.fromkeys(map(str, codes)), key=lambda code: STATUS[code][0])
    for status, group in groupby(by_status, key=lambda code: STATUS[code][0]):
        responses[str(status)] = {
            "description": "\n\n".join(f"`{code}`: {STATUS[code][1]}" for code in group),
            "content": {MEDIA_TYPE: {"schema": _reference(ProblemBody)}},
        }
    responses["429"]["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    return responses


def _reference(model: type[BaseModel]) -> Json:
    return {"$ref": REFERENCE.format(model=model.__name__)}
