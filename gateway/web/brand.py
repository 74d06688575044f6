"""The academy's colour and logo: a small stylesheet and a picture, which browsers cache until they change."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from flask import Flask, Response, url_for

from gateway.settings import Academy
from gateway.web.assets import FOR_A_YEAR

MIN_CONTRAST = 4.5
"""Minimum contrast ratio of text and its background (WCAG 2.2, 1.4.3)."""
LIGHT_GROUNDS, DARK_GROUNDS = ("#ffffff", "#f6f6f6"), ("#161616", "#242424")
"""The backgrounds of the pages in light and dark mode; site.scss has the same values."""
STEP = 0.04
LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg"}

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Shade:
    """A colour that is readable on some backgrounds, and the colour (#rrggbb) of text on it: black or white."""

    rgb: Rgb
    text: str

    def css(self) -> str:
        """Return the CSS custom properties --brand, --brand-rgb (for rgba()) and --on-brand, without a selector."""
        return f"--brand:{_hex(self.rgb)};--brand-rgb:{','.join(map(str, self.rgb))};--on-brand:{self.text}"


def shade(colour: str, grounds: tuple[str, ...]) -> Shade:
    """Return `colour`, made darker or lighter until its contrast with each of `grounds` is at least MIN_CONTRAST.

    Colours are #rrggbb. It gets darker if the first background is light, else lighter.
    """
    rgb = _rgb(colour)
    aim = (0, 0, 0) if _luminance(_rgb(grounds[0])) > 0.5 else (255, 255, 255)
    share = 0.0
    mixed = rgb
    while min(contrast(mixed, _rgb(ground)) for ground in grounds) < MIN_CONTRAST:
        share += STEP
        mixed = _mix(rgb, aim, min(share, 1.0))
    return Shade(mixed, max("#ffffff", "#000000", key=lambda text: contrast(mixed, _rgb(text))))


def contrast(one: Rgb, other: Rgb) -> float:
    """Return the contrast ratio of two colours, from 1 to 21, in any order (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def stylesheet(colour: str) -> str:
    """Return the stylesheet that sets the brand's colour (#rrggbb), adapted to light and to dark mode."""
    light, dark = shade(colour, LIGHT_GROUNDS), shade(colour, DARK_GROUNDS)
    return f":root{{{light.css()}}}@media(prefers-color-scheme:dark){{:root{{{dark.css()}}}}}\n"


def init_branding(app: Flask, academy: Academy) -> None:
    """Serve /brand.css, and /logo if the academy has one; templates get both addresses as brand_url() and logo_url().

    logo_url() is empty if there is no logo. The logo is read once, here. Raises OSError if it cannot be read.
    """
    css = stylesheet(academy.brand_colour).encode()
    logo = academy.logo.read_bytes() if academy.logo else b""

    def brand() -> Response:
        return _kept(css, "text/css")

    def picture() -> Response:
        return _kept(logo, LOGO_TYPES[academy.logo.suffix.lower()] if academy.logo else "")

    app.add_url_rule("/brand.css", "brand", brand)
    app.jinja_env.globals["brand_url"] = lambda: url_for("brand", v=_version(css))
    app.jinja_env.globals["logo_url"] = lambda: url_for("logo", v=_version(logo)) if logo else ""
    if logo:
        app.add_url_rule("/logo", "logo", picture)


def _kept(content: bytes, kind: str) -> Response:
    return Response(content, mimetype=kind, headers={"Cache-Control": FOR_A_YEAR})


def _version(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=6).hexdigest()


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(rgb: Rgb) -> str:
    return "#" + bytes(rgb).hex()


def _mix(rgb: Rgb, aim: Rgb, share: float) -> Rgb:
    red, green, blue = (round(one + (other - one) * share) for one, other in zip(rgb, aim, strict=True))
    return red, green, blue


def _luminance(rgb: Rgb) -> float:
    """Return the relative luminance, from 0 to 1 (WCAG 2.2)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in rgb)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
