"""A browser without JavaScript that does the proof of work all the same, at the site's HTTPS address."""

from __future__ import annotations

import requests
from requests import Response

from tests.support.browser import CHANGE, FIND, RESET, Page
from tests.support.proof_of_work_solver import solve

TIMEOUT = 60
FORMS = {FIND: "find", RESET: "reset", CHANGE: "change"}


class SiteVisitor:
    """Its connections go to `address`, whatever the site's name is."""

    def __init__(self, address: str, site: str, authority: str) -> None:
        self.address = address
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = authority
        self.session.headers.update({"Host": site, "Referer": f"https://{site}/", "Connection": "close"})
        self._site = site
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> Page:
        return self._follow("GET", path)

    def fetch(self, path: str) -> Response:
        """Return the answer itself, such as that of a sound."""
        return self._send("GET", path)

    def status_of(self, path: str) -> int:
        """Return the status of an answer; 0 if there is none."""
        try:
            return self.session.get(self.address + path, timeout=TIMEOUT).status_code
        except requests.RequestException:
            return 0

    def fill_in(self, path: str, *steps: dict[str, str]) -> Page:
        """Open a form and send it, step by step, with the proof of work that it asks for."""
        page = self.get(path)
        for typed in steps:
            page = self.send(path, page, typed)
        return page

    def send(self, path: str, page: Page, typed: dict[str, str]) -> Page:
        """Send a form that was opened before."""
        return self._follow("POST", path, {**page.fields, **typed, **self._work(path, page)})

    def find(self, surname: str, given_name: str, birth_date: str) -> Page:
        return self.fill_in(FIND, {"surname": surname, "given_name": given_name, "birth_date": birth_date})

    def open_ticket(self, login: str, proof: str, birth_date: str) -> Page:
        """Prove who one is, and return the page that asks for the new password; it holds the ticket."""
        return self.fill_in(RESET, {"login": login, "proof": proof, "birth_date": birth_date})

    def use_ticket(self, page: Page, new: str) -> Page:
        return self.send(RESET, page, {"new_password": new, "confirmation": new})

    def reset(self, login: str, proof: str, birth_date: str, new: str) -> Page:
        return self.use_ticket(self.open_ticket(login, proof, birth_date), new)

    def change(self, login: str, current: str, new: str) -> Page:
        typed = {"login": login, "current_password": current, "new_password": new, "confirmation": new}
        return self.fill_in(CHANGE, typed)

    def _work(self, path: str, page: Page) -> dict[str, str]:
        if "challenge" not in page.fields:
            return {}
        answer = self._send("POST", "/captcha/work", {**page.fields, "form": FORMS[path]})
        task = answer.json()["task"]
        return {"altcha": solve(task)} if task else {}

    def _follow(self, method: str, path: str, data: dict[str, str] | None = None) -> Page:
        answer = self._send(method, path, data)
        if answer.is_redirect:
            place = answer.headers["Location"]
            return self._follow("GET", place if place.startswith("/") else place.split(self._site, 1)[1])
        return Page(answer)

    def _send(self, method: str, path: str, data: dict[str, str] | None = None) -> Response:
        # The session keeps no cookies of a name that is not the address's.
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        answer = self.session.request(
            method,
            self.address + path,
            data=data,
            timeout=TIMEOUT,
            allow_redirects=False,
            headers={"Cookie": cookies},
        )
        for one in answer.raw.headers.getlist("Set-Cookie"):
            name, _, value = one.split(";")[0].partition("=")
            self._cookies[name] = value
        return answer
