"""An attack on the CAPTCHA's sound: each character is compared with those of sounds whose answers are known.

The generator is public: an attacker makes as many sounds as needed, cuts them at their pauses and keeps the nearest.
"""

from __future__ import annotations

import io
import random
import wave
from collections import Counter
from dataclasses import dataclass

import numpy
from scipy.signal import spectrogram
from scipy.spatial import cKDTree

from gateway.protection.captcha.audio import render_audio
from gateway.protection.captcha.challenge import ALPHABET, LENGTH

WINDOW_SECONDS = 0.025
STEP_SECONDS = 0.0125
BANDS = 24
"""Frequency bands of a comparison, each as wide as the next on a logarithmic scale."""
FRAMES = 24
"""Points in time of a comparison, whatever the speed of the voice."""
LOWEST, HIGHEST = 100.0, 8000.0
"""Hertz."""
NEIGHBOURS = 5


@dataclass(frozen=True)
class NearestReader:
    language: str
    all_entries: cKDTree
    characters: str
    """What each known sound says."""

    def read(self, sound: bytes) -> str:
        """What is most like it; shorter where the pauses are not found."""
        return "".join(self._character(part) for part in _parts(sound))

    def _character(self, part: numpy.ndarray) -> str:
        _, places = self.all_entries.query(part, NEIGHBOURS)
        return Counter(self.characters[place] for place in places).most_common(1)[0][0]


def learn(language: str, sounds: int, seed: int) -> NearestReader:
    rng = random.Random(seed)
    known, characters = [], ""
    for _ in range(sounds):
        answer = "".join(rng.choices(ALPHABET, k=LENGTH))
        parts = _parts(render_audio(answer, language, rng.getrandbits(64)))
        if len(parts) == LENGTH:
            known += parts
            characters += answer
    return NearestReader(language, cKDTree(numpy.stack(known)), characters)


def _parts(sound: bytes) -> list[numpy.ndarray]:
    """The characters of a sound, cut at its LENGTH - 1 longest pauses, as points of equal length each."""
    bands = _bands(sound)
    loud = bands.max(axis=0) > _loudest_hiss(bands)
    places = numpy.flatnonzero(loud)
    if len(places) < LENGTH:
        return []
    pauses = numpy.diff(places)
    cuts = numpy.sort(numpy.argsort(pauses)[-(LENGTH - 1) :])
    begins = [places[0], *places[cuts + 1]]
    ends = [*places[cuts], places[-1]]
    return [_of_equal_length(bands[:, begin : end + 1]) for begin, end in zip(begins, ends, strict=True)]


def _bands(sound: bytes) -> numpy.ndarray:
    """Logarithm of the power in each band and each step; shape (BANDS, steps)."""
    with wave.open(io.BytesIO(sound)) as source:
        rate = source.getframerate()
        samples = numpy.frombuffer(source.readframes(source.getnframes()), numpy.int16).astype(float)
    window, step = int(rate * WINDOW_SECONDS), int(rate * STEP_SECONDS)
    frequencies, _, power = spectrogram(samples, rate, nperseg=window, noverlap=window - step)
    edges = numpy.geomspace(LOWEST, HIGHEST, BANDS + 1)
    places = numpy.digitize(frequencies, edges)
    sums = [power[places == band].sum(axis=0) for band in range(1, BANDS + 1)]
    bands: numpy.ndarray = numpy.log10(numpy.stack(sums) + 1)
    return bands


def _loudest_hiss(bands: numpy.ndarray) -> float:
    """Power that only a voice reaches: the hiss alone is in the quietest tenth of the steps."""
    loudest = bands.max(axis=0)
    return float(numpy.quantile(loudest, 0.1) + 0.35 * (numpy.quantile(loudest, 0.95) - numpy.quantile(loudest, 0.1)))


def _of_equal_length(part: numpy.ndarray) -> numpy.ndarray:
    steps = numpy.linspace(0, part.shape[1] - 1, FRAMES)
    even = numpy.stack([numpy.interp(steps, range(part.shape[1]), band) for band in part])
    points: numpy.ndarray = ((even - even.mean()) / (even.std() + 1e-9)).ravel()
    return points
