"""People at an installed service: their browsers, and the proxy that ends TLS before it."""

from __future__ import annotations

import requests

from tests.support.browser import Page


class People:
    """Browsers of people, behind the proxy that ends TLS."""

    def __init__(self, port: int, site: str) -> None:
        self.site = site
        self.address = f"http://127.0.0.1:{port}"
        self.headers = {"Host": site, "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
        self.cookies: dict[str, str] = {}

    def is_served(self) -> bool:
        try:
            return requests.get(f"{self.address}/health/ready", headers=self.headers, timeout=10).status_code == 200
        except requests.ConnectionError:
            return False

    def get(self, path: str) -> Page:
        return self._answer("GET", path)

    def fill_in(self, path: str, *steps: dict[str, str]) -> Page:
        """Open a form and send it, step by step, as a browser that keeps cookies."""
        page = self._answer("GET", path)
        for typed in steps:
            page = self._answer("POST", path, {**page.fields, **typed})
        return page

    def _answer(self, method: str, path: str, data: dict[str, str] | None = None) -> Page:
        answer = requests.request(
            method, self.address + path, headers=self.headers, data=data, timeout=60, allow_redirects=False
        )
        for cookie in answer.raw.headers.getlist("Set-Cookie"):
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        self.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if answer.is_redirect:
            place = answer.headers["Location"]
            return self._answer("GET", place if place.startswith("/") else place.split(self.site, 1)[1])
        return Page(answer)
