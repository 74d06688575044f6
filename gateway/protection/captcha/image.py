"""The CAPTCHA's picture: two rows of bold characters on a mosaic of light and dark.

Programs that read text look for one line of one ink on one paper. Here the rows swing, so that no straight cut
separates them, and each large ellipse exchanges ink and paper, so that no threshold does. People recognise shapes and
can still read.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

SIZE = (260, 120)
"""Width and height in pixels."""
ROWS = (0.28, 0.72)
"""Vertical middle of each row, as a share of the height."""
LETTER = (56, 60)
"""Minimum and maximum size of the characters, in pixels."""
SWING = 10
TILT = 0.12
TURN = 14
"""Maximum rotation of a character, in degrees."""
SHEAR = 0.15
ELLIPSES = 7
"""Number of ellipses. They stop programs better than lines across the characters, and disturb people less."""
HALO = 3
"""Width in pixels, odd, of the paper around each character, so that neighbours stay separate."""
LIGHT, DARK = 235, 35
EDGE = 4
"""Pixels by which the warp may move a character out of the picture."""
CELL = 12
"""Size of a cell of the warp, in pixels."""

Image8 = Image.Image


def render_image(answer: str, seed: int) -> bytes:
    """Return `answer` as PNG, the same for the same `seed`."""
    rng = random.Random(seed)  # noqa: S311 - the seed is sealed; the picture must come out the same each time
    picture = Image.new("L", SIZE, 0)
    drift = _drift(rng)
    half = len(answer) // 2
    for row, middle in zip((answer[:half], answer[half:]), ROWS, strict=True):
        _write(picture, row, middle * SIZE[1], drift, rng)
    for _ in range(ELLIPSES):
        picture = ImageChops.difference(picture, _ellipse(rng))
    picture = _warp(picture, rng).point(lambda value: LIGHT - value * (LIGHT - DARK) // 255)
    stream = io.BytesIO()
    picture.quantize(16).save(stream, "PNG", compress_level=6)
    return stream.getvalue()


def _drift(rng: random.Random) -> Callable[[float], float]:
    """Return a function from the horizontal position to the rows' vertical offset, in pixels."""
    phase, period = rng.uniform(0, math.tau), rng.uniform(150, 230)
    tilt = rng.uniform(-TILT, TILT)
    return lambda x: SWING * math.sin(phase + math.tau * x / period) + tilt * (x - SIZE[0] / 2)


def _write(picture: Image8, row: str, middle: float, drift: Callable[[float], float], rng: random.Random) -> None:
    width, height = SIZE
    glyphs = [_glyph(character, rng) for character in row]
    taken = sum(glyph.width for glyph in glyphs)
    gap = min(6.0, (width - 12 - taken) / (len(row) - 1))
    spare = width - taken - gap * (len(row) - 1)
    left = spare / 2 + rng.uniform(-1, 1) * max(0.0, spare / 2 - 6)
    for glyph in glyphs:
        top = middle + drift(left + glyph.width / 2) - glyph.height / 2 + rng.uniform(-3, 3)
        place = round(left), round(min(max(top, EDGE), height - glyph.height - EDGE))
        picture.paste(0, place, glyph.filter(ImageFilter.MaxFilter(HALO)))
        picture.paste(255, place, glyph)
        left += glyph.width + gap


def _glyph(character: str, rng: random.Random) -> Image8:
    """Return a mask of one character, stretched, sheared and rotated."""
    size = rng.randint(*LETTER)
    glyph = Image.new("L", (2 * size, 2 * size), 0)
    ImageDraw.Draw(glyph).text(
        (size, size), character, font=ImageFont.load_default(size), fill=255, anchor="mm", stroke_width=2.5
    )
    shear, angle = rng.uniform(-SHEAR, SHEAR), math.radians(rng.uniform(-TURN, TURN))
    wide, high = rng.uniform(0.95, 1.15), rng.uniform(0.95, 1.05)
    a, b = math.cos(angle) / wide + shear * math.sin(angle), math.sin(angle) / wide - shear * math.cos(angle)
    d, e = -math.sin(angle) / high, math.cos(angle) / high
    # Maps each point of the new picture to its source in the old one, around the middle.
    matrix = (a, b, size - a * size - b * size, d, e, size - d * size - e * size)
    glyph = glyph.transform(glyph.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    left, top, right, bottom = glyph.getbbox() or (0, 0, size, size)
    return glyph.crop((left - HALO, top - HALO, right + HALO, bottom + HALO))


def _ellipse(rng: random.Random) -> Image8:
    """Return a mask of an ellipse, under which ink and paper are exchanged."""
    width, height = SIZE
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    across, down = rng.uniform(40, 80), rng.uniform(35, 65)
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).ellipse((x - across, y - down, x + across, y + down), fill=255)
    return mask


def _warp(picture: Image8, rng: random.Random) -> Image8:
    """Shift columns and rows along sines of 3 and 4 pixels, as one mesh of small cells."""
    width, height = picture.size
    across, down = rng.uniform(0, math.tau), rng.uniform(0, math.tau)

    def source(x: int, y: int) -> tuple[float, float]:
        return x + 3 * math.sin(down + math.tau * y / 60), y + 4 * math.sin(across + math.tau * x / 100)

    mesh = []
    for x in range(0, width, CELL):
        for y in range(0, height, CELL):
            corners = [source(x, y), source(x, y + CELL), source(x + CELL, y + CELL), source(x + CELL, y)]
            mesh.append(((x, y, x + CELL, y + CELL), tuple(value for corner in corners for value in corner)))
    return picture.transform(picture.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR, fillcolor=0)
