"""Thousands of requests that no browser sends: none ends in a 500 or shows a trace."""

from __future__ import annotations

import random
from urllib.parse import quote

import pytest

from tests.support.browser import CHANGE, FIND, RESET

REQUESTS = 4_000
PATHS = [
    "/", FIND, RESET, CHANGE, "/assistance", "/questions-frequentes", "/captcha/new", "/captcha/work",
    "/captcha/x.png", "/captcha/x.wav", "/captcha/x.mp3", "/resultat/x", "/resultat/x/etat", "/health/live",
    "/health/ready", "/static/site.css", "/static/../settings", "/api/v1/", "/metrics", "/%00", "/captcha/%c3%28.png",
]  # fmt: skip
FIELDS = [
    "surname", "given_name", "birth_date", "login", "proof", "current_password", "new_password", "confirmation",
    "captcha", "challenge", "altcha", "ticket", "code", "another_picture", "csrf_token", "form", "lang", "login[]",
]  # fmt: skip
PIECES = [
    "", " ", "a", "fdurand4", "27/03/1985", "12E8534567ABC", "*", ")(uid=*", "\x00", "\r\nSet-Cookie: x=1", "é" * 50,
    "x" * 5000, "{{7*7}}", "<script>", "../../etc/passwd", "\ufffd", "𝓕", "\u202e", "%s%n", "' OR 1=1 --", "e30=",
    "-1", "99999999999999999999", "null", "[]", "00/00/0000", "31/02/1985", "1" * 400,
]  # fmt: skip
COMPLETE = {
    FIND: {"surname": "Nobody", "given_name": "Nemo", "birth_date": "27/03/1985"},
    RESET: {"login": "fdurand4", "proof": "12E8534567AAA", "birth_date": "27/03/1985"},
    CHANGE: {"login": "u", "current_password": "x", "new_password": "Nouveau-2025", "confirmation": "Nouveau-2025"},
}
TYPES = [
    "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "application/json",
    "text/plain", "", "application/x-www-form-urlencoded; charset=utf-16",
]  # fmt: skip
HEADERS = [
    "Cookie", "Accept-Language", "User-Agent", "X-Forwarded-For", "Referer", "Range", "If-None-Match",
    "Authorization", "Transfer-Encoding",
]  # fmt: skip
METHODS = ["GET"] * 4 + ["POST"] * 8 + ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]


@pytest.fixture
def client(directory, open_browser):
    directory.add_person("fdurand4")
    wide = dict.fromkeys(("per_address", "per_login", "per_login_reset", "per_proof", "per_person"), "20/hour")
    return open_browser(rate_limits=wide, captcha={"required": ["find"]}).client


def a_request(chance, token):
    """Options of the test client; half of the forms carry a token that is right, so that they get past it."""
    path = chance.choice(PATHS[1:4]) if chance.random() < 0.6 else chance.choice(PATHS)
    fields = {name: chance.choice(PIECES) for name in chance.sample(FIELDS, chance.randint(0, 9))}
    if chance.random() < 0.5:
        slips = {name: chance.choice(PIECES) for name in chance.sample(FIELDS, chance.randint(0, 2))}
        fields = {**COMPLETE.get(path, {}), **slips}
    if chance.random() < 0.5:
        fields["csrf_token"] = token
    body = "&".join(f"{quote(name)}={quote(value)}" for name, value in fields.items()).encode()
    if chance.random() < 0.3:
        body = chance.randbytes(chance.randint(0, 300)) + body[: chance.randint(0, len(body))]
    query = f"?{quote(chance.choice(FIELDS))}={quote(chance.choice(PIECES[:20]))}" if chance.random() < 0.3 else ""
    named = {name: chance.choice(PIECES).encode("ascii", "ignore").decode() for name in chance.sample(HEADERS, 2)}
    headers = {name: value for name, value in named.items() if not set(value) & set("\r\n\x00")}
    kind = TYPES[0] if chance.random() < 0.7 else chance.choice(TYPES)
    return {
        "path": path + query,
        "method": chance.choice(METHODS),
        "data": body,
        "content_type": kind or None,
        "headers": headers,
    }


class TestRequests:
    def test_when_they_are_random_then_none_is_a_fault(self, client, caplog):
        chance = random.Random(4)
        token = client.get(CHANGE).text.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
        seen = set()

        for number in range(REQUESTS):
            asked = a_request(chance, token)
            with client.open(**asked, follow_redirects=True) as answer:
                seen.add(answer.status_code)
                assert answer.status_code < 500, (number, asked, answer.status_code)
                assert b"Traceback" not in answer.data

        assert {200, 400, 404, 405, 422, 429} <= seen
        assert "unexpected" not in caplog.text
