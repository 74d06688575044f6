"""nginx before the gateway, with the files of deploy/nginx/: it passes on the longest head of an answer."""

from __future__ import annotations

import pytest
import requests

from tests.support.browser import FIND
from tests.support.nginx_proxy import Proxy
from tests.support.polling import wait_until

LONGEST = {"surname": 100, "given_name": 100, "birth_date": 30, "captcha": 64}
"""Characters of each field that comes back."""


@pytest.fixture
def proxy(serve, tmp_path):
    service = serve(captcha={"required": []}).removeprefix("http://")
    nginx = Proxy(tmp_path, [service])
    nginx.start()
    yield nginx
    nginx.stop()


class TestLongestCookies:
    def test_when_the_longest_values_come_back_then_nginx_passes_the_answer_on(self, proxy):
        wait_until(proxy.takes_connections)
        typed = {name: "\N{GRINNING FACE}" * length for name, length in LONGEST.items()}

        answer = requests.post(
            proxy.address + FIND, data=typed, verify=proxy.authority, allow_redirects=False, timeout=120
        )

        assert answer.status_code == 303
        assert len(answer.headers["Set-Cookie"]) > 4096
