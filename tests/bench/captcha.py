"""How often programs read the CAPTCHA's picture, and what one costs: python tests/bench/captcha.py

Three readers: ddddocr and tesseract as they come, and an attack that knows the generator: both models of ddddocr,
the alphabet and the length of a row, several filtered views of each row, and a vote.
"""

from __future__ import annotations

import io
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import ddddocr
import numpy
from PIL import Image, ImageFilter, ImageOps

from gateway.protection.captcha import ALPHABET, LENGTH
from gateway.protection.captcha_picture import draw

PICTURES = int(os.environ.get("PICTURES", "300"))
SHEET = Path("var/bench/captcha.png")
ROW = LENGTH // 2
BLANK = 0


def main() -> None:
    chance = random.Random(11)
    answers = ["".join(chance.choices(ALPHABET, k=LENGTH)) for _ in range(PICTURES)]
    started = time.process_time()
    pictures = [draw(answer, chance.getrandbits(64)) for answer in answers]
    cost = 1000 * (time.process_time() - started) / PICTURES
    print(f"processor time a picture: {cost:.1f} ms (under 15); {statistics.mean(map(len, pictures)) / 1000:.1f} kB")
    contact_sheet(pictures[:12], answers[:12])
    rate("tesseract", answers, map(tesseract, pictures), "under 1 %")
    models = [ddddocr.DdddOcr(show_ad=False, beta=beta) for beta in (False, True)]
    rate("ddddocr", answers, (models[0].classification(picture) for picture in pictures), "under 1 %")
    rate("ddddocr, other model", answers, (models[1].classification(picture) for picture in pictures), "under 1 %")
    rate("attack that knows the generator", answers, (attack(models, picture) for picture in pictures), "under 50 %")


def rate(who: str, answers: list[str], read: Iterator[str], goal: str) -> None:
    right = sum(answer == "".join(text.split()).upper() for answer, text in zip(answers, read, strict=True))
    print(f"{who}: {right} of {PICTURES} right, {100 * right / PICTURES:.1f} % ({goal})", flush=True)


def tesseract(picture: bytes) -> str:
    command = ["tesseract", "-", "-", "--psm", "6", "-c", f"tessedit_char_whitelist={ALPHABET}"]
    return subprocess.run(command, input=picture, capture_output=True, check=True).stdout.decode()


def attack(models: list[ddddocr.DdddOcr], picture: bytes) -> str:
    grey = Image.open(io.BytesIO(picture)).convert("L")
    width, height = grey.size
    rows = ((0, 0, width, int(0.58 * height)), (0, int(0.42 * height), width, height))
    return "".join(best_row(models, grey.crop(row)) for row in rows)


def best_row(models: list[ddddocr.DdddOcr], row: Image.Image) -> str:
    votes: Counter[str] = Counter()
    for view in views(row):
        stream = io.BytesIO()
        view.save(stream, "PNG")
        for model in models:
            text, confidence = restricted(model.classification(stream.getvalue(), probability=True))
            votes[text] += confidence
    fitting = [text for text in votes if len(text) == ROW]
    return max(fitting, key=lambda text: votes[text], default="")


def views(row: Image.Image) -> Iterator[Image.Image]:
    yield row
    yield row.filter(ImageFilter.MedianFilter(5))
    yield ImageOps.invert(row)
    yield ImageOps.autocontrast(row.filter(ImageFilter.GaussianBlur(2))).point(lambda value: 255 * (value > 128))


def restricted(read: dict) -> tuple[str, float]:
    """The most likely text of our alphabet alone, small letters counted with capitals (CTC, greedy)."""
    scores = numpy.asarray(read["probabilities"])[:, 0, :]
    charset = list(read["charset"])
    columns = [[BLANK]] + [[charset.index(s) for s in {sign, sign.lower()} if s in charset] for sign in ALPHABET]
    likely = numpy.stack([scores[:, places].max(axis=1) for places in columns], axis=1)
    likely = numpy.exp(likely - likely.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    path = likely.argmax(axis=1)
    text = "".join(
        ALPHABET[place - 1]
        for place, before in zip(path, [BLANK, *path[:-1]], strict=True)
        if place not in (BLANK, before)
    )
    return text, float(likely.max(axis=1).prod())


def contact_sheet(pictures: list[bytes], answers: list[str]) -> None:
    """Twelve pictures to look at; their answers are printed below the other figures."""
    tiles = [Image.open(io.BytesIO(picture)).convert("L") for picture in pictures]
    width, height = tiles[0].size
    sheet = Image.new("L", (3 * (width + 12) + 12, 4 * (height + 12) + 12), 255)
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (12 + number % 3 * (width + 12), 12 + number // 3 * (height + 12)))
    SHEET.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(SHEET)
    print(f"look at {SHEET}: {' '.join(answers)}", file=sys.stderr)


if __name__ == "__main__":
    main()
