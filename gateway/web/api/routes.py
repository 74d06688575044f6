"""The list of all operations of the API, from which the routes and the OpenAPI document are made."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from gateway.account.outcomes import Refusal
from gateway.web.api.openapi import PREFIX, Operation, openapi_document
from gateway.web.api.parsing import FORM
from gateway.web.api.problems import STATUS
from gateway.web.api.roundcube import roundcube
from gateway.web.api.schemas import (
    ChangeRequestBody,
    FindRequestBody,
    FoundAccounts,
    PasswordChanged,
    PasswordPolicy,
    PropagationState,
    RoundcubeForm,
)
from gateway.web.api.views import ApiViews

OUTAGES = ("busy", "directory_unavailable", "directory_misconfigured", "store_unavailable")
NOT_CHANGED = tuple(code for code in Refusal if code not in (Refusal.NOT_FOUND, Refusal.NOT_PROVED))


def operations(views: ApiViews) -> list[Operation]:
    """Return all operations, each with its view, its models and the problems that it can answer with."""
    form = ("unsupported_media_type", "invalid", "too_large")
    body = ("malformed", *form)
    return [
        Operation(
            "policy", "GET", "/policy", "The rules for new passwords, as data and in words", views.policy, (),
            answers=PasswordPolicy,
        ),
        Operation(
            "find", "POST", "/find", "Find the account of a person", views.find,
            (*body, Refusal.NOT_FOUND, *OUTAGES), asks=FindRequestBody, answers=FoundAccounts,
        ),
        Operation(
            "change", "POST", "/change", "Change a password, also an expired one", views.change,
            (*body, *NOT_CHANGED, *OUTAGES, "write_unconfirmed"), asks=ChangeRequestBody, answers=PasswordChanged,
        ),
        Operation(
            "propagation", "GET", "/propagations/<ticket>", "How far a change has come at the workstation",
            views.propagation, ("propagation_unknown",), answers=PropagationState,
        ),
        Operation(
            "roundcube", "POST", "/roundcube", "Change a password, for Roundcube's driver httpapi: ok, or why not",
            partial(roundcube, views), (*form, *OUTAGES, "write_unconfirmed"),
            asks=RoundcubeForm, asked_as=FORM,
        ),
    ]  # fmt: skip


def api_pages(views: ApiViews) -> Blueprint:
    """Return the routes below PREFIX: all operations, /openapi.json and /problems.

    Only the last two need no authentication. The `type` of each problem points to /problems.
    """
    pages = Blueprint("api", __name__, url_prefix=PREFIX)
    offered = operations(views)
    for one in offered:
        pages.add_url_rule(one.path, one.name, views.answering_problems(one.view), methods=[one.method])
    document = openapi_document(offered)

    @pages.get("/openapi.json")
    def openapi() -> ResponseReturnValue:
        return Response(document, mimetype="application/json")

    @pages.get("/problems")
    def problems() -> ResponseReturnValue:
        return jsonify({str(code): {"status": status, "title": title} for code, (status, title) in STATUS.items()})

    return pages
