"""How long answers take over HTTP, and whether two kinds of them can be told apart by it."""

from __future__ import annotations

import base64
import hashlib
import http.client
import math
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.support.slapd_server import BIRTH_DATE, NUMEN, PASSWORD, PEOPLE, SlapdServer

TIMEOUT_SECONDS = 300
CRYPT = (
    "{CRYPT}$6$saltsaltsalt$mcJVhmAOZrlVlyYYbUoauTE8Onx4qSCi1zLuNZjCV/VraUFHfLzqk.hGeM1Dn2eQyB1zCh/2gVAtmH.a5kUU01"
)
"""PASSWORD as glibc's SHA-512 with its usual 5,000 rounds."""
SSHA = "{SSHA}" + base64.b64encode(hashlib.sha1(PASSWORD.encode() + b"saltsalt").digest() + b"saltsalt").decode()
MAX_TRIES = 8
"""Wrong passwords for one account: the policy of `ldif/` locks it at the tenth."""


@dataclass
class KeptConnection:
    """One keep-alive connection with its cookies and the token that goes with them."""

    port: int
    page: str
    _http: http.client.HTTPConnection = field(init=False)
    _cookies: dict[str, str] = field(default_factory=dict)
    _token: str = field(init=False)

    def __post_init__(self) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        _, page = self._request("GET", self.page)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token
        self._token = token[1]

    def send(self, expected: int, **fields: str) -> float:
        """Seconds until a form with these fields was answered; the page after it must have the status `expected`."""
        started = time.perf_counter()
        answer, _ = self._request("POST", self.page, urlencode({**fields, "csrf_token": self._token}))
        taken = time.perf_counter() - started
        next_page, _ = self._request("GET", answer.getheader("Location", ""))
        assert next_page.status == expected, f"{next_page.status} for {self.page}"
        return taken

    def open(self) -> float:
        """Seconds until the page was read."""
        started = time.perf_counter()
        answer, _ = self._request("GET", self.page)
        assert answer.status == 200, f"{answer.status} for {self.page}"
        return time.perf_counter() - started

    def __enter__(self) -> KeptConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _request(self, method: str, path: str, body: str | None = None) -> tuple[http.client.HTTPResponse, str]:
        """The answer and its text; its cookies go with the next request."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._http.request(method, path, body, headers)
        answer = self._http.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.split(";")[0].partition("=")
            self._cookies[name] = value
        return answer, text


def times_of(
    port: int, page: str, jobs: Sequence[tuple[str, dict[str, str]]], *, at_once: int, expected: int = 422
) -> dict[str, list[float]]:
    """For each kind the seconds of its answers. `jobs`: a kind and the fields to send, in this order.

    `at_once` connections send them, each the next one as soon as it has its answer.
    """
    times: dict[str, list[float]] = {kind: [] for kind, _ in jobs}
    free: list[KeptConnection] = []

    def send(job: tuple[str, dict[str, str]]) -> None:
        kind, fields = job
        connection = free.pop()
        times[kind].append(connection.send(expected, **fields))
        free.append(connection)

    with ExitStack() as stack, ThreadPoolExecutor(at_once) as senders:
        free.extend(stack.enter_context(KeptConnection(port, page)) for _ in range(at_once))
        list(senders.map(send, jobs))
    return times


def bursts_of(
    port: int, page: str, bursts: Sequence[tuple[str, Sequence[dict[str, str]]]], *, expected: int = 422
) -> dict[str, list[float]]:
    """For each kind the seconds until the last answer of each burst: its requests are sent all at once."""
    most = max(len(requests) for _, requests in bursts)
    times: dict[str, list[float]] = {kind: [] for kind, _ in bursts}
    with ExitStack() as stack, ThreadPoolExecutor(most) as senders:
        connections = [stack.enter_context(KeptConnection(port, page)) for _ in range(most)]
        for kind, requests in bursts:
            started = time.perf_counter()
            sent = [
                senders.submit(connection.send, expected, **fields)
                for connection, fields in zip(connections, requests, strict=False)
            ]
            for one in sent:
                one.result()
            times[kind].append(time.perf_counter() - started)
    return times


@dataclass(frozen=True)
class Separation:
    """How well one threshold on the time tells two samples apart."""

    area: float
    """Under the receiver operating characteristic: 0.5 for a coin, 1 for certainty; whichever sample is slower."""
    low: float
    """The lower end of its confidence interval, `z` standard errors (of samples from one distribution) below."""

    def __str__(self) -> str:
        return f"AUC {self.area:.3f} (at least {self.low:.3f})"


def separation(one: Sequence[float], other: Sequence[float], *, z: float = 2.58) -> Separation:
    """By the statistic of Mann and Whitney; ties count half."""
    ranked = sorted([(seconds, 0) for seconds in one] + [(seconds, 1) for seconds in other])
    below = wins = 0.0
    start = 0
    while start < len(ranked):
        end = start
        while end < len(ranked) and ranked[end][0] == ranked[start][0]:
            end += 1
        ones = sum(which == 0 for _, which in ranked[start:end])
        others = end - start - ones
        wins += others * (below + ones / 2)
        below += ones
        start = end
    first, second = len(one), len(other)
    area = wins / (first * second)
    error = math.sqrt((first + second + 1) / (12 * first * second))
    folded = max(area, 1 - area)
    return Separation(folded, folded - z * error)


def add_accounts(directory: SlapdServer, prefix: str, count: int, password: str, *failures: str) -> list[str]:
    """Logins of that many people whose `password` is stored as it is given; `failures`: wrong ones so far."""
    failed = "".join(f"pwdFailureTime: {when}\n" for when in failures)
    # slapd 2.6 ends its own hashes with a NUL, which LDIF can't hold as it is.
    stored = base64.b64encode(password.encode()).decode()
    logins = [f"{prefix}{number}" for number in range(count)]
    directory.load(
        "\n".join(
            f"dn: uid={login},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: mamiaPerson\nuid: {login}\n"
            f"cn: {login}\nsn: Durand\ngivenName: Camille\nmail: {login}@ac-example.fr\nbirthDate: {BIRTH_DATE}\n"
            f"numen: {NUMEN}\nuserPassword:: {stored}\n{failed}"
            for login in logins
        )
    )
    return logins


def argon2(directory: SlapdServer) -> str:
    """PASSWORD as this directory's slapd stores it now."""
    directory.add_person("model")
    return directory.read("model")["userPassword"][0]


def in_turn(logins: Sequence[str], tries: int = MAX_TRIES) -> Iterator[str]:
    """Each of them `tries` times, and then none is left."""
    for _ in range(tries):
        yield from logins
