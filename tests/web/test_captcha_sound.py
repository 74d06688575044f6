"""The sound of the CAPTCHA as players fetch it: in parts, again and again, as MP3 or WAV."""

from __future__ import annotations

import io
import wave

import pytest

from gateway.app import create_app
from tests.support.browser import CHANGE, Browser

ON = {"required": ["change"]}
KINDS = {"mp3": "audio/mpeg", "wav": "audio/wav"}


@pytest.fixture
def browser(open_browser):
    return open_browser(captcha=ON)


@pytest.fixture
def address(browser):
    return f"/captcha/{browser.open(CHANGE).fields['challenge']}.mp3"


@pytest.fixture
def whole(browser, address):
    return browser.client.get(address).data


@pytest.fixture
def part(browser, address):
    """Asks for a part of the sound: `part("bytes=0-1")`."""
    return lambda wanted, **headers: browser.client.get(address, headers={"Range": wanted, **headers})


class TestSound:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("language", ["fr", "en"])
    def test_when_fetched_then_it_is_of_its_type_and_says_that_it_has_parts(self, browser, address, kind, language):
        answer = browser.client.get(address.replace("mp3", kind) + f"?lang={language}")

        assert answer.status_code == 200
        assert answer.mimetype == KINDS[kind]
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.headers["Cache-Control"] == "no-store"

    def test_when_fetched_as_wav_then_it_speaks_for_some_seconds(self, browser, address):
        answer = browser.client.get(address.replace("mp3", "wav"))

        with wave.open(io.BytesIO(answer.data)) as sound:
            assert 4 < sound.getnframes() / sound.getframerate() < 40

    def test_when_fetched_as_mp3_then_it_is_a_tenth_as_large(self, browser, address, whole):
        wav = browser.client.get(address.replace("mp3", "wav")).data

        assert whole.startswith(b"\xff\xf3")
        assert len(whole) < len(wav) / 9

    def test_when_another_process_renders_it_then_it_is_the_same(self, build):
        """The parts that a player puts together may come from several processes."""
        web = {"secret_keys": ["0123456789abcdefghijklmnopqrstuvwxyz"], "secure_cookies": False}
        one, other = (Browser(create_app(build(captcha=ON, web=web))) for _ in range(2))
        address = f"/captcha/{one.open(CHANGE).fields['challenge']}.mp3"

        assert one.client.get(address).data == other.client.get(address).data

    @pytest.mark.parametrize("ending", ["ogg", "mp3x", "wav.mp3/", ""])
    def test_when_another_kind_is_asked_for_then_404(self, browser, address, ending):
        assert browser.client.get(address.removesuffix("mp3") + ending).status_code == 404


class TestPart:
    @pytest.mark.parametrize(
        "wanted, start, end",
        [
            pytest.param("bytes=0-1", 0, 2, id="first, as Safari asks"),
            pytest.param("bytes=1000-1999", 1000, 2000, id="middle"),
            pytest.param("bytes=500-", 500, None, id="rest"),
            pytest.param("bytes=-500", -500, None, id="suffix"),
            pytest.param("bytes=0-99999999", 0, None, id="beyond the end"),
            pytest.param("bytes=-99999999", 0, None, id="suffix longer than all of it"),
        ],
    )
    def test_when_asked_for_then_its_bytes_come(self, part, whole, wanted, start, end):
        answer = part(wanted)

        expected = whole[start:end]
        first = whole.index(expected)
        assert answer.status_code == 206
        assert answer.data == expected
        assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(whole)}"
        assert answer.content_length == len(expected)
        assert answer.mimetype == "audio/mpeg"

    @pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=99999998-99999999"])
    def test_when_it_is_beyond_the_end_then_416_says_how_long_the_sound_is(self, part, whole, wanted):
        answer = part(wanted)

        assert answer.status_code == 416
        assert answer.headers["Content-Range"] == f"bytes */{len(whole)}"
        assert answer.data == b""

    @pytest.mark.parametrize(
        "wanted", ["bytes=", "bytes=x-y", "bytes=5-1", "seconds=0-1", "bytes=0-1,5-9", "nonsense"]
    )
    def test_when_the_range_is_none_that_is_served_then_all_of_it_comes(self, part, whole, wanted):
        answer = part(wanted)

        assert answer.status_code == 200
        assert answer.data == whole

    def test_when_the_player_has_the_same_sound_then_the_part_comes(self, browser, address, part):
        tag = browser.client.head(address).headers["ETag"]

        assert part("bytes=0-1", **{"If-Range": tag}).status_code == 206

    def test_when_the_player_has_another_sound_then_all_of_it_comes(self, part, whole):
        answer = part("bytes=0-1", **{"If-Range": '"another"'})

        assert answer.status_code == 200
        assert answer.data == whole

    def test_when_its_challenge_is_not_open_then_404(self, browser):
        assert browser.client.get("/captcha/AAAA.mp3", headers={"Range": "bytes=0-1"}).status_code == 404


class TestHead:
    def test_when_asked_then_its_length_and_its_parts_are_announced_without_content(self, browser, address, whole):
        answer = browser.client.head(address)

        assert answer.status_code == 200
        assert answer.content_length == len(whole)
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert answer.mimetype == "audio/mpeg"
        assert answer.data == b""


class TestRateLimit:
    def test_when_parts_of_one_sound_are_fetched_then_only_its_first_request_counts(self, open_browser):
        browser = open_browser(captcha=ON, rate_limits={"per_address": "2/5 minutes"})
        challenges = [browser.open(CHANGE).fields["challenge"] for _ in range(3)]

        def fetch(challenge):
            return browser.client.get(f"/captcha/{challenge}.mp3", headers={"Range": "bytes=0-1"}).status_code

        assert [fetch(challenges[0]) for _ in range(9)] == [206] * 9
        assert [fetch(challenge) for challenge in challenges] == [206, 206, 429]

    def test_when_a_challenge_is_spelt_differently_then_it_is_the_same_sound(self, open_browser):
        browser = open_browser(captcha=ON, rate_limits={"per_address": "1/5 minutes"})
        challenge = browser.open(CHANGE).fields["challenge"]

        spellings = (challenge, challenge + "=", challenge + "==")
        statuses = [browser.client.get(f"/captcha/{spelling}.mp3").status_code for spelling in spellings]

        assert set(statuses) <= {200, 404}

    def test_when_it_is_reached_then_a_sound_that_was_given_is_still_played(self, open_browser):
        browser = open_browser(captcha=ON, rate_limits={"per_address": "1/5 minutes"})
        first, second = (browser.open(CHANGE).fields["challenge"] for _ in range(2))
        browser.client.get(f"/captcha/{first}.mp3")

        refused = browser.client.get(f"/captcha/{second}.mp3")

        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 200
        assert browser.client.get(f"/captcha/{first}.mp3").status_code == 200

    def test_when_the_store_can_not_be_reached_then_503(self, open_browser, redis):
        browser = open_browser(captcha=ON, rate_limits={"store": redis.url})
        challenge = browser.open(CHANGE).fields["challenge"]
        redis.stop()

        assert browser.client.get(f"/captcha/{challenge}.mp3").status_code == 503
