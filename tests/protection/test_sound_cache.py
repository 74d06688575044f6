"""The sounds that are kept for players: bounded, rendered once, counted only when rendered."""

from __future__ import annotations

import threading

import pytest

from gateway.protection.captcha.sound_cache import SoundCache


class Renderer:
    """Renders sounds of one size, and records each."""

    def __init__(self, size: int = 10) -> None:
        self.size = size
        self.rendered: list[str] = []
        self.admitted = 0

    def ask(self, cache: SoundCache, key: str) -> bytes | str:
        return cache.get(key, self._admit, lambda: self._render(key))

    def _admit(self) -> None:
        self.admitted += 1

    def _render(self, key: str) -> bytes:
        self.rendered.append(key)
        return key.encode() * self.size


@pytest.fixture
def renderer() -> Renderer:
    return Renderer()


class TestSound:
    def test_when_it_was_given_a_moment_ago_then_it_is_neither_rendered_nor_counted_again(self, renderer):
        cache = SoundCache()

        given = [renderer.ask(cache, "a") for _ in range(3)]

        assert given == [b"a" * 10] * 3
        assert renderer.rendered == ["a"]
        assert renderer.admitted == 1

    def test_when_it_is_refused_then_nothing_is_rendered_and_the_next_request_asks_again(self, renderer):
        cache = SoundCache()

        refused = cache.get("a", lambda: "too many", lambda: pytest.fail("rendered"))

        assert refused == "too many"
        assert renderer.ask(cache, "a") == b"a" * 10

    def test_when_rendering_fails_then_the_next_request_renders_it(self, renderer):
        cache = SoundCache()

        with pytest.raises(ZeroDivisionError):
            cache.get("a", lambda: None, lambda: bytes(1 // 0))

        assert renderer.ask(cache, "a") == b"a" * 10

    def test_when_many_ask_at_once_then_it_is_rendered_once(self):
        cache, renderer, together = SoundCache(), Renderer(), threading.Barrier(8)
        given = []

        def ask() -> None:
            together.wait()
            given.append(renderer.ask(cache, "a"))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert given == [b"a" * 10] * 8
        assert renderer.rendered == ["a"]


class TestMemory:
    def test_when_it_is_full_then_the_sound_that_nobody_asked_for_longest_is_forgotten(self, renderer):
        cache = SoundCache(max_bytes=20)
        for key in ("a", "b", "a", "c"):
            renderer.ask(cache, key)
        renderer.rendered.clear()

        for key in ("a", "c", "b"):
            renderer.ask(cache, key)

        assert renderer.rendered == ["b"]

    def test_when_thousands_are_asked_for_then_it_stays_below_its_limit(self, renderer):
        cache = SoundCache(max_bytes=100)

        for number in range(5_000):
            renderer.ask(cache, str(number))

        assert cache.kept_bytes <= 100

    def test_when_one_sound_is_larger_than_the_limit_then_it_is_given_and_not_kept(self):
        cache, renderer = SoundCache(max_bytes=100), Renderer(size=101)

        assert renderer.ask(cache, "a") == b"a" * 101
        assert cache.kept_bytes == 0
