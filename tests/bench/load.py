"""Requests by wrk, as many as go in some seconds: every change is another person's, and every answer is judged."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from tests.bench.crowd import birth_date
from tests.bench.rounds import Load

SCRIPT = """
n, ok, bad = tonumber(os.getenv("FIRST")), 0, 0
local page, cookie, body = os.getenv("PAGE"), os.getenv("COOKIE"), os.getenv("BODY")
local status_of_success, leads_to, says = tonumber(os.getenv("STATUS")), os.getenv("LEADS_TO"), os.getenv("SAYS")
local headers = {["Cookie"] = cookie}
function request()
  n = n + 1
  if body == "" then return wrk.format("GET", page, headers) end
  headers["Content-Type"] = "application/x-www-form-urlencoded"
  local fields = {NUMBER = string.format("%06d", n), YEAR = 1950 + n % 50, DAY = string.format("%02d", 1 + n % 28)}
  return wrk.format("POST", page, headers, (body:gsub("__(%u+)__", fields)))
end
function response(status, answer, text)
  local to = answer["Location"] or ""
  if status == status_of_success and to:find(leads_to, 1, true) == 1 and text:find(says, 1, true) then ok = ok + 1
  else bad = bad + 1 end
end
function setup(thread) the_thread = thread end
function done(summary, latency)
  local of = function(percent) return latency:percentile(percent) / 1e3 end
  local failed = the_thread:get("bad") + summary.errors.timeout
  print(string.format('{"ok": %d, "bad": %d, "seconds": %f, "p50": %f, "p95": %f, "p99": %f, "next": %d}',
    the_thread:get("ok"), failed, summary.duration / 1e6, of(50), of(95), of(99), the_thread:get("n") + 1))
end
"""


@dataclass(frozen=True)
class Request:
    """A page that is asked for, or a form that is sent, and how the answer shows that it was done."""

    page: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """`__NUMBER__` in them is a person's number; `__YEAR__` and `__DAY__` are of that person's birth date."""
    cookie: str = ""
    status: int = 200
    leads_to: str = ""
    """How its Location begins."""
    says: str = ""
    """What the text has."""

    def body(self, number: int) -> str:
        """The form of that person, as it is sent."""
        born = birth_date(number)
        filled = {"NUMBER": f"{number:06}", "YEAR": f"{born.year}", "DAY": f"{born.day:02}"}
        text = urlencode(self.fields)
        for word, value in filled.items():
            text = text.replace(f"__{word}__", value)
        return text

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self.cookie}

    def succeeded(self, status: int, location: str, text: str) -> bool:
        return status == self.status and location.startswith(self.leads_to) and self.says in text


@dataclass(frozen=True)
class Answered:
    load: Load
    next: int
    """The number after the last person's."""


def ask(folder: Path, port: int, request: Request, *, seconds: int, at_once: int, first: int = 0) -> Answered:
    script = folder / "ask.lua"
    script.write_text(SCRIPT)
    environment = {
        # wrk makes one request before the others, to look at it, and does not send it.
        "FIRST": str(first - 2),
        "PAGE": request.page,
        "COOKIE": request.cookie,
        "BODY": urlencode(request.fields),
        "STATUS": str(request.status),
        "LEADS_TO": request.leads_to,
        "SAYS": request.says,
    }
    done = subprocess.run(
        ["wrk", "-t1", f"-c{at_once}", f"-d{seconds}s", "--timeout", "60s", "-s", script, f"http://127.0.0.1:{port}"],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    load = Load(found["ok"], found["seconds"], found["p50"], found["p95"], found["p99"], found["bad"])
    return Answered(load, found["next"])
