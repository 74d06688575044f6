"""By eye, by ear, or by the browser's work alone: three equal ways, each bound to its form and good for once."""

from __future__ import annotations

import base64
import io
import json
import time
import wave

import altcha
import pytest
from browser import CHANGE, FIND, RESET, Browser
from directory_server import PASSWORD

from gateway.app import create_app

NEW = "Nouveau-2025"
ON = {"required": ["find", "reset", "change"]}
TYPED = {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}


@pytest.fixture
def browser(directory, build):
    directory.add_person("fdurand4")
    return Browser(create_app(build(captcha=ON)))


def solved(browser, form="change", **changes):
    """What the widget writes into the form after its work."""
    challenge = altcha.Challenge.from_dict(browser.client.get(f"/captcha/work?form={form}").json)
    for name, value in changes.items():
        setattr(challenge.parameters, name, value)
    solution = altcha.solve_challenge(challenge)
    return altcha.Payload(challenge, solution).to_base64()


def test_work_when_done_then_the_service_is_given(directory, browser):
    done = browser.fill_in(CHANGE, altcha=solved(browser), **TYPED)

    assert "a enregistré" in done.main
    assert directory.binds("fdurand4", NEW)


def test_work_when_its_solution_comes_again_then_it_is_refused(directory, browser):
    solution = solved(browser)
    browser.fill_in(CHANGE, altcha=solution, **TYPED)

    again = browser.fill_in(CHANGE, altcha=solution, **{**TYPED, "current_password": NEW})

    assert "a été envoyé deux fois" in again.main


@pytest.mark.parametrize("form", ["find", "reset"])
def test_work_when_it_was_done_for_another_form_then_it_is_refused(directory, browser, form):
    refused = browser.fill_in(CHANGE, altcha=solved(browser, form), **TYPED)

    assert "n’est plus valable" in refused.main
    assert directory.binds("fdurand4", PASSWORD)


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"form": "change", "more": 1}},
        {"expires_at": int(time.time()) + 86_400},
        {"cost": 1},
        {"key_prefix": ""},
        {"nonce": "00" * 16},
        {"expires_at": int(time.time()) - 1},
    ],
)
def test_work_when_its_challenge_was_changed_then_it_is_refused(directory, browser, changes):
    assert "n’est plus valable" in browser.fill_in(CHANGE, altcha=solved(browser, **changes), **TYPED).main
    assert directory.binds("fdurand4", PASSWORD)


@pytest.mark.parametrize(
    "payload",
    ["x", "e30=", base64.b64encode(b"[]").decode(), base64.b64encode(b'{"challenge":{}}').decode(), "A" * 8000]
    + [base64.b64encode(json.dumps(value).encode()).decode() for value in (None, {"challenge": None, "solution": 1})],
)
def test_work_when_the_payload_is_no_solution_then_it_is_refused(directory, browser, payload):
    page = browser.fill_in(CHANGE, altcha=payload, **TYPED)

    assert page.status == 422
    assert directory.binds("fdurand4", PASSWORD)


def test_work_when_the_settings_do_not_offer_it_then_it_counts_for_nothing(directory, build):
    directory.add_person("fdurand4")
    browser = Browser(create_app(build(captcha={**ON, "ways": ["picture"]})))

    assert browser.fill_in(CHANGE, altcha=solved(browser), **TYPED).status == 422
    assert "data-altcha" not in browser.open(CHANGE).source
    assert "<audio" not in browser.open(CHANGE).source


@pytest.mark.parametrize("path", [FIND, RESET, CHANGE])
def test_form_when_it_asks_then_all_ways_are_offered(browser, path):
    source = browser.open(path).source

    assert "captcha-image" in source
    assert "<audio" in source
    assert "data-altcha" in source


@pytest.mark.parametrize("language", ["fr", "en"])
def test_sound_when_played_then_it_is_a_wave_that_speaks_for_some_seconds(browser, language):
    challenge = browser.open(CHANGE).fields["challenge"]

    answer = browser.client.get(f"/captcha/{challenge}.wav?lang={language}")

    assert answer.mimetype == "audio/wav"
    with wave.open(io.BytesIO(answer.data)) as sound:
        assert 4 < sound.getnframes() / sound.getframerate() < 40


def test_sound_when_an_address_asks_too_often_then_it_waits(directory, open_browser):
    browser = open_browser(captcha=ON, throttle={"per_address": "2/5 minutes"})
    challenge = browser.open(CHANGE).fields["challenge"]

    answers = [browser.client.get(f"/captcha/{challenge}.wav") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["Retry-After"]) > 200


def test_sound_when_another_challenge_is_spoken_then_voice_or_pace_differ(browser):
    lengths = set()
    for _ in range(4):
        challenge = browser.open(CHANGE).fields["challenge"]
        lengths.add(len(browser.client.get(f"/captcha/{challenge}.wav").data))

    assert len(lengths) > 1


@pytest.mark.parametrize("address", ["/captcha/AAAA.wav", "/captcha/work?form=x", "/captcha/new?form="])
def test_captcha_when_nothing_of_ours_is_asked_for_then_404(browser, address):
    assert browser.client.get(address).status_code == 404


def test_sound_when_its_language_is_unknown_then_404(browser):
    challenge = browser.open(CHANGE).fields["challenge"]

    assert browser.client.get(f"/captcha/{challenge}.wav?lang=xx").status_code == 404
