"""Parsing of request bodies by their models. Error answers repeat no value that a client sent."""

from __future__ import annotations

from typing import TypeVar

from flask import request
from pydantic import BaseModel, ValidationError

from gateway.web.api.problems import Problem
from gateway.web.api.schemas import FieldProblem

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MAX_FAULTS = 20
"""Maximum number of errors in one answer; a body may have thousands."""
Body = TypeVar("Body", bound=BaseModel)


def read_json(model: type[Body]) -> Body:
    """Return the JSON body as `model`. Raises Problem: unsupported_media_type, malformed or invalid."""
    _expect(JSON)
    try:
        return model.model_validate_json(request.get_data())
    except ValidationError as error:
        raise _problem(error) from None


def read_form(model: type[Body]) -> Body:
    """Return the form as `model`; unknown fields are ignored. Raises Problem: unsupported_media_type or invalid.

    A field that is sent several times is invalid.
    """
    _expect(FORM)
    sent = {
        name: values[0] if len(values) == 1 else values
        for name, values in request.form.lists()
        if name in model.model_fields
    }
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        raise _problem(error) from None


def _expect(media_type: str) -> None:
    if request.mimetype != media_type:
        raise Problem("unsupported_media_type", media_type)


def _problem(error: ValidationError) -> Problem:
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    if any(fault["type"] == "json_invalid" for fault in faults):
        return Problem("malformed")
    named = [FieldProblem(field=_field(fault), detail=fault["msg"]) for fault in faults[:MAX_FAULTS]]
    return Problem("invalid", faults=named)


def _field(fault: object) -> str:
    """Return the path of the field; empty for an unknown field, whose name is not repeated: it may be any text."""
    assert isinstance(fault, dict)
    return "" if fault["type"] == "extra_forbidden" else ".".join(str(part) for part in fault["loc"])
