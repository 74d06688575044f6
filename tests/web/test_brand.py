"""The academy's colour and logo on the pages: always readable, kept by browsers until they change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.brand import DARK_GROUNDS, LIGHT_GROUNDS, MIN_CONTRAST, contrast, shade

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8"/></svg>'
COLOURS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def rgb(colour):
    return tuple(bytes.fromhex(colour[1:]))


class TestColour:
    @given(COLOURS)
    @pytest.mark.parametrize("grounds", [LIGHT_GROUNDS, DARK_GROUNDS], ids=["light", "dark"])
    def test_when_an_academy_chooses_any_then_it_can_be_read_on_the_page_and_text_on_it(self, grounds, colour):
        brand = shade(colour, grounds)

        assert all(contrast(brand.rgb, rgb(ground)) >= MIN_CONTRAST for ground in grounds)
        assert contrast(brand.rgb, rgb(brand.text)) >= MIN_CONTRAST

    def test_when_it_can_be_read_already_then_it_is_left_alone(self):
        assert shade("#000091", LIGHT_GROUNDS).rgb == (0, 0, 0x91)


class TestContrast:
    def test_when_black_stands_on_white_then_it_is_the_greatest(self):
        assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)


class TestStylesheet:
    def test_when_fetched_then_it_has_the_academys_colour_and_is_kept_for_a_year(self, open_browser):
        answer = open_browser(academy={"brand_colour": "#8B0000"}).client.get("/brand.css")

        assert "--brand:#8b0000" in answer.text
        assert answer.mimetype == "text/css"
        assert "immutable" in answer.headers["Cache-Control"]

    def test_when_the_colour_changes_then_its_address_does(self, open_browser):
        first, second = (
            open_browser(academy={"brand_colour": colour}).open("/").source for colour in ("#8B0000", "#8B0001")
        )

        assert first.split("/brand.css?v=")[1][:12] != second.split("/brand.css?v=")[1][:12]


class TestLogo:
    def test_when_set_then_every_page_shows_it_from_here(self, open_browser, tmp_path):
        (tmp_path / "logo.svg").write_text(SVG)
        browser = open_browser(academy={"logo": tmp_path / "logo.svg"})

        assert 'src="/logo?v=' in browser.open("/").source
        answer = browser.client.get("/logo")
        assert answer.mimetype == "image/svg+xml"
        assert answer.text == SVG

    def test_when_none_is_set_then_there_is_none(self, browser):
        assert "/logo" not in browser.open("/").source
        assert browser.open("/logo").status == 404

    @pytest.mark.parametrize(
        "name, content, trouble",
        [
            ("logo.gif", b"GIF89a", "is none of"),
            ("logo.png", b"x" * 70_000, "more than 60 kB"),
            ("none.png", None, "read"),
        ],
    )
    def test_when_it_will_not_do_then_the_settings_say_why(self, open_browser, tmp_path, name, content, trouble):
        if content is not None:
            (tmp_path / name).write_bytes(content)

        with pytest.raises(ValueError, match=trouble):
            open_browser(academy={"logo": tmp_path / name})
