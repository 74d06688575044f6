"""The CAPTCHA: five characters in a picture, their answer sealed in the form's challenge.

A brake on scripts, not a wall.
"""

from __future__ import annotations

import hmac
import io
import math
import random
import secrets
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from gateway.protection.speech import speak
from gateway.protection.tickets import Tickets, Void
from gateway.protection.verdict import Verdict

ALPHABET = "ACDEFHJKLMNPRTUVWXY34679"
"""Capitals and digits that nobody takes for one another (no B/8, G/6, I/1, O/0, Q, S/5, Z/2)."""
LENGTH = 5
SIZE = (240, 80)
"""Pixels."""


@dataclass(frozen=True, slots=True)
class Captcha:
    """Challenges and their pictures. A challenge is bound to one form and serves once, right or wrong."""

    tickets: Tickets
    lifetime_seconds: int

    def challenge(self, form: str) -> str:
        answer = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        payload = {"answer": answer, "form": form, "seed": secrets.randbits(64)}
        return self.tickets.issue("captcha", payload, self.lifetime_seconds)

    def is_open(self, challenge: str) -> bool:
        """Whether it can still be answered, spent ones apart."""
        return not isinstance(self.tickets.open("captcha", challenge), Void)

    def picture(self, challenge: str) -> bytes | None:
        """A PNG, the same one at each call: fresh distortions of one answer would make reading it easy."""
        ticket = self.tickets.open("captcha", challenge)
        return None if isinstance(ticket, Void) else draw(ticket.payload["answer"], ticket.payload["seed"])

    def sound(self, challenge: str, language: str) -> bytes | None:
        """A WAV of the same characters; None where the challenge is over. Raises Speechless."""
        ticket = self.tickets.open("captcha", challenge)
        return None if isinstance(ticket, Void) else speak(ticket.payload["answer"], language, ticket.payload["seed"])

    def check(self, form: str, challenge: str, answer: str) -> Verdict:
        ticket = self.tickets.spend("captcha", challenge)
        if isinstance(ticket, Void) or ticket.payload["form"] != form:
            return Verdict.EXPIRED
        typed = "".join(answer.split()).upper()
        right = hmac.compare_digest(typed.encode(), ticket.payload["answer"].encode())
        return Verdict.RIGHT if right else Verdict.WRONG


def draw(answer: str, seed: int) -> bytes:
    """`answer` as a PNG: turned, sheared, overlapping, warped characters between ink lines."""
    chance = random.Random(seed)  # noqa: S311 - the seed is sealed; the picture must come out the same each time
    width, height = SIZE
    picture = Image.new("L", SIZE, 255)
    glyphs = [_glyph(character, height, chance) for character in answer]
    # Neighbours touch, but wide letters get the room that narrow ones leave.
    spare = width - 20 - sum(glyph.width for glyph in glyphs)
    left = 10.0
    for glyph in glyphs:
        top = (height - glyph.height) // 2 + chance.randint(-6, 6)
        picture.paste(0, (round(left), top), glyph)
        left += glyph.width + min(4, spare / (len(glyphs) - 1))
    _ink(picture, chance)
    warped = _warp(picture, chance)
    stream = io.BytesIO()
    warped.save(stream, "PNG", compress_level=3)
    return stream.getvalue()


def _glyph(character: str, height: int, chance: random.Random) -> Image.Image:
    """A mask of one character, turned by up to 25° and sheared by up to a quarter."""
    size = int(height * chance.uniform(0.56, 0.68))
    glyph = Image.new("L", (size * 2, size * 2), 0)
    ImageDraw.Draw(glyph).text(
        (size, size), character, font=ImageFont.load_default(size), fill=255, anchor="mm", stroke_width=1
    )
    shear = chance.uniform(-0.25, 0.25)
    glyph = glyph.transform(glyph.size, Image.Transform.AFFINE, (1, shear, -shear * size, 0, 1, 0))
    glyph = glyph.rotate(chance.uniform(-25, 25), Image.Resampling.BILINEAR)
    return glyph.crop(glyph.getbbox())


def _ink(picture: Image.Image, chance: random.Random) -> None:
    """Two dark curves across, and one that cuts the characters."""
    pen = ImageDraw.Draw(picture)
    width, height = picture.size
    for shade in (0, 0, 255):
        middle, swing = chance.uniform(0.3, 0.7) * height, chance.uniform(0.1, 0.3) * height
        phase, waves = chance.uniform(0, math.tau), chance.uniform(0.6, 1.6)
        points = [
            (x, middle + swing * math.sin(phase + waves * math.tau * x / width)) for x in range(0, width + 1, 4)
        ]
        pen.line(points, fill=shade, width=2 if shade else 3, joint="curve")


def _warp(picture: Image.Image, chance: random.Random) -> Image.Image:
    """Shift columns and rows along sines of 3 and 5 pixels, as one mesh of small cells."""
    width, height = picture.size
    cell = 8
    across, down = chance.uniform(0, math.tau), chance.uniform(0, math.tau)

    def source(x: int, y: int) -> tuple[float, float]:
        return x + 3 * math.sin(down + math.tau * y / 60), y + 5 * math.sin(across + math.tau * x / 120)

    mesh = []
    for x in range(0, width, cell):
        for y in range(0, height, cell):
            corners = [source(x, y), source(x, y + cell), source(x + cell, y + cell), source(x + cell, y)]
            mesh.append(((x, y, x + cell, y + cell), tuple(value for corner in corners for value in corner)))
    return picture.transform(picture.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR, fillcolor=255)
