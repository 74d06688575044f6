"""Delivery of scripts and styles: compressed, and cached for a year under an address that changes with their content.

Pages themselves are not compressed: they contain tokens, and the compressed length could reveal them (BREACH).
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

FOR_A_YEAR = "public, max-age=31536000, immutable"
COMPRESSED = ("application/json", "text/css", "text/javascript", "image/svg+xml")
WORTH_IT = 1024
"""Bytes: compressing a smaller file gains nothing."""


def init_assets(app: Flask) -> None:
    """Add a version to the addresses of static files, and set caching and gzip of their answers.

    Only an answer for the present version may be cached for a year. A request for a byte range is not compressed.
    """
    folder = Path(str(app.static_folder))

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("v", _version(folder / values["filename"]))

    @app.after_request
    def cache_and_compress(response: Response) -> Response:
        if request.endpoint != "static" or response.status_code != 200:
            return response
        file = folder / str((request.view_args or {})["filename"])
        if request.args.get("v") == _version(file):
            response.headers["Cache-Control"] = FOR_A_YEAR
        if response.mimetype in COMPRESSED and file.stat().st_size > WORTH_IT:
            response.vary.add("Accept-Encoding")
            if request.accept_encodings["gzip"] and request.range is None:
                # Werkzeug has already opened the uncompressed file.
                response.close()
                response.direct_passthrough = False
                response.set_data(_compressed(file))
                response.headers["Content-Encoding"] = "gzip"
        return response


@cache
def _version(file: Path) -> str:
    """Return a hash of the content; empty for a missing file, whose address then answers 404."""
    try:
        return hashlib.blake2b(file.read_bytes(), digest_size=6).hexdigest()
    except OSError:
        return ""


@cache
def _compressed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), mtime=0)
