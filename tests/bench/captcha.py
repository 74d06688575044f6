"""How often programs read the CAPTCHA's picture and sound, and what a picture costs: python -m tests.bench.captcha

Two readers know nothing of the generator: tesseract and ddddocr. One knows the alphabet and the rows: both models of
ddddocr, several cuts and filtered views of each row, and a vote. Two learned from the generator itself, as an
attacker would: a network for the picture (TRAINING_SECONDS of CPU time), the nearest neighbour for the sound.
"""

from __future__ import annotations

import heapq
import io
import os
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import ddddocr
import numpy
from PIL import Image, ImageFilter, ImageOps

from gateway.protection.captcha.audio import LANGUAGES, render_audio
from gateway.protection.captcha.challenge import ALPHABET, LENGTH
from gateway.protection.captcha.image import render_image
from tests.bench import captcha_nearest, captcha_network
from tests.bench.figures import record

PICTURES = int(os.environ.get("PICTURES", "300"))
ATTACKED = int(os.environ.get("ATTACKED", "100"))
"""The attack by votes takes seconds for each picture."""
TRAINING_SECONDS = float(os.environ.get("TRAINING_SECONDS", "900"))
KNOWN_SOUNDS = int(os.environ.get("KNOWN_SOUNDS", "400"))
SOUNDS = int(os.environ.get("SOUNDS", "100"))
SHEET = Path("var/bench/captcha.png")
ROW = LENGTH // 2
ROWS = tuple(
    (
        (top, bottom, 0.0),
        (max(0, top - 0.1), min(1, bottom + 0.1), 0.0),
        *((max(0, top - 0.05), min(1, bottom + 0.05), skew) for skew in (-0.2, 0.2)),
    )
    for top, bottom in ((0, 0.5), (0.5, 1))
)
"""How each row is cut out: from, to (shares of the height), shear."""
BLANK = 0
BEAMS = 40


def main() -> None:
    chance = random.Random(11)
    answers = ["".join(chance.choices(ALPHABET, k=LENGTH)) for _ in range(PICTURES)]
    started = time.process_time()
    pictures = [render_image(answer, chance.getrandbits(64)) for answer in answers]
    cost = 1000 * (time.process_time() - started) / PICTURES
    record("CAPTCHA: processor time of a picture", cost, "ms", at_most=15)
    record("CAPTCHA: size of a picture", statistics.mean(map(len, pictures)) / 1000, "kB")
    contact_sheet(pictures[:12], answers[:12])
    rate("tesseract", answers, map(tesseract, pictures), 1)
    models = [Reader(beta=beta) for beta in (False, True)]
    for name, model in zip(("ddddocr", "ddddocr, its other model"), models, strict=True):
        rate(name, answers, (str(model.ocr.classification(picture)) for picture in pictures), 1)
    tried = pictures[:ATTACKED]
    rate("an attack that knows alphabet and rows", answers, (attack(models, picture) for picture in tried), 50)
    network = captcha_network.train(TRAINING_SECONDS, seed=5)
    record("CAPTCHA: processor time to train a network", network.cpu_seconds / 60, "min")
    rate("that network, which learned from our generator", answers, network.read(pictures))
    for language in LANGUAGES:
        rate_sounds(language)


def rate_sounds(language: str) -> None:
    rng = random.Random(7)
    reader = captcha_nearest.learn(language, KNOWN_SOUNDS, seed=3)
    answers = ["".join(rng.choices(ALPHABET, k=LENGTH)) for _ in range(SOUNDS)]
    read = (reader.read(render_audio(answer, language, rng.getrandbits(64))) for answer in answers)
    rate(f"nearest neighbour, {language}", answers, read, what="sounds")


def rate(
    who: str, answers: list[str], read: Iterable[str], most: float | None = None, *, what: str = "pictures"
) -> None:
    """Record the share that is read; no aim where the figure only says how little a puzzle is worth."""
    verdicts = [answer == "".join(text.split()).upper() for answer, text in zip(answers, read, strict=False)]
    right, tried = sum(verdicts), len(verdicts)
    record(f"CAPTCHA: read by {who}, of {tried} {what}", 100 * right / tried, "%", at_most=most)


def tesseract(picture: bytes) -> str:
    command = ["tesseract", "-", "-", "--psm", "6", "-c", f"tessedit_char_whitelist={ALPHABET}"]
    return subprocess.run(command, input=picture, capture_output=True, check=True).stdout.decode()


def attack(models: list[Reader], picture: bytes) -> str:
    grey = Image.open(io.BytesIO(picture)).convert("L")
    return "".join(best_row(models, [cut(grey, *share) for share in shares]) for shares in ROWS)


def cut(grey: Image.Image, top: float, bottom: float, skew: float) -> Image.Image:
    """One row: the picture from `top` to `bottom`, after a shear that may straighten a row that rises or falls."""
    width, height = grey.size
    matrix = (1, 0, 0, skew, 1, -skew * width / 2)
    straight = grey.transform(grey.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=128)
    return straight.crop((0, round(top * height), width, round(bottom * height)))


def best_row(models: list[Reader], cuts: list[Image.Image]) -> str:
    """Each place of the row by a vote among all views and models, weighted by how sure they are."""
    votes: list[defaultdict[str, float]] = [defaultdict(float) for _ in range(ROW)]
    for row in cuts:
        for view in views(row):
            for model in models:
                text, confidence = model.spell(view)
                for place, sign in enumerate(text):
                    votes[place][sign] += confidence
    return "".join(max(vote, key=vote.__getitem__) if vote else "?" for vote in votes)


def views(row: Image.Image) -> Iterator[Image.Image]:
    yield row
    yield row.point(lambda value: 255 * (value > 100))
    yield row.point(lambda value: 255 * (value > 160))
    yield row.filter(ImageFilter.MedianFilter(5))
    yield row.filter(ImageFilter.GaussianBlur(2))
    yield ImageOps.invert(row)


class Reader:
    """One model of ddddocr, held to our alphabet and to the length of a row."""

    def __init__(self, *, beta: bool) -> None:
        self.ocr = ddddocr.DdddOcr(show_ad=False, beta=beta)
        charset = self.ocr.get_charset()
        self.columns = [[BLANK]] + [
            [charset.index(s) for s in {sign, sign.lower()} if s in charset] for sign in ALPHABET
        ]

    def spell(self, view: Image.Image) -> tuple[str, float]:
        """The most likely text of ROW characters (CTC, beam search) and how likely it is."""
        stream = io.BytesIO()
        view.save(stream, "PNG", compress_level=1)
        read = self.ocr.classification(stream.getvalue(), probability=True)
        scores = numpy.log(numpy.maximum(numpy.asarray(read["probabilities"])[:, 0, :], 1e-9))
        likely = numpy.stack([scores[:, places].max(axis=1) for places in self.columns], axis=1)
        likely -= numpy.logaddexp.reduce(likely, axis=1, keepdims=True)
        beams: dict[tuple[tuple[int, ...], int], float] = {((), BLANK): 0.0}
        for column in likely:
            beams = dict(heapq.nlargest(BEAMS, step(beams, column).items(), key=lambda item: item[1]))
        score, text = max(
            ((score, text) for (text, _), score in beams.items() if len(text) == ROW), default=(0.0, ())
        )
        return "".join(ALPHABET[place - 1] for place in text), float(numpy.exp(score / len(likely)))


def step(
    beams: dict[tuple[tuple[int, ...], int], float], column: numpy.ndarray
) -> dict[tuple[tuple[int, ...], int], float]:
    new: dict[tuple[tuple[int, ...], int], float] = {}
    likely = {BLANK, *map(int, numpy.argsort(column)[-5:])}
    for (text, last), score in beams.items():
        for place in likely | {last}:
            longer = text if place in (BLANK, last) else (*text, place)
            if len(longer) <= ROW:
                key = longer, place
                new[key] = max(new.get(key, -numpy.inf), score + float(column[place]))
    return new


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
