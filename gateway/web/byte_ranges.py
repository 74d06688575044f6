"""Answers in parts (RFC 9110, 14): Safari plays a sound only if the server serves byte ranges of it."""

from __future__ import annotations

import hashlib

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable


def answer_with_ranges(content: bytes, mimetype: str) -> Response:
    """Answer with all of `content`, or with the part that the request asks for.

    206: a part; 304: the client has it; 416: the part is not within the content. Several parts at once, and units
    other than bytes, are answered with all of it (RFC 9110, 14.2).
    """
    response = Response(content, mimetype=mimetype)
    response.set_etag(hashlib.blake2b(content, digest_size=16).hexdigest())
    wanted = request.range
    parts = wanted.ranges if wanted is not None and wanted.units == "bytes" else ()
    is_one_part = len(parts) == 1
    environ = request.environ
    if is_one_part and parts[0][0] < -len(content):
        # The last bytes of a shorter content are all of it (RFC 9110, 14.1.2); Werkzeug refuses them.
        environ = {**environ, "HTTP_RANGE": "bytes=0-"}
    try:
        response.make_conditional(
            environ, accept_ranges=is_one_part, complete_length=len(content) if is_one_part else None
        )
    except RequestedRangeNotSatisfiable:
        refused = Response(status=416, headers={"Accept-Ranges": "bytes", "Content-Range": f"bytes */{len(content)}"})
        refused.mimetype = mimetype
        return refused
    # Without a range make_conditional removes it.
    response.accept_ranges = "bytes"
    return response
