"""The audio CAPTCHA: espeak-ng speaks its characters, each with a word that begins with it, over noise.

espeak-ng receives the answer on standard input, because other users of the machine can read a process's arguments.
"""

from __future__ import annotations

import array
import io
import operator
import random
import subprocess
import threading
import wave
from dataclasses import dataclass

import lameenc

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FRENCH = """Anatole Berthe Célestin Désiré Eugène François Gaston Henri Irma Joseph Kléber Louis Marcel Nicolas Oscar
    Pierre Quintal Raoul Suzanne Thérèse Ursule Victor William Xavier Yvonne Zoé"""
_ENGLISH = """Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliet Kilo Lima Mike November Oscar Papa Quebec
    Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu"""
SECONDS = 5
"""Time limit for espeak-ng, in seconds."""
AT_ONCE = 4
"""Maximum number of espeak-ng processes; further requests wait, so that they cannot use the whole machine."""
LOUDEST = 32767
"""Largest sample of 16 bits."""
MP3_KILOBITS = 32
"""Per second; 24 would make the file a quarter smaller, and take half as much processor time again."""
MP3_EFFORT = 7
"""LAME's "quality" from 0 to 9: 14 ms of processor time for 13 s of speech; 2 would need 56 ms."""
_slots = threading.BoundedSemaphore(AT_ONCE)


class AudioUnavailable(Exception):
    """espeak-ng is not installed, or failed."""


@dataclass(frozen=True, slots=True)
class Language:
    """How characters are spoken in one language."""

    voice: str
    """Name of espeak-ng's voice."""
    words: dict[str, str]
    """Letter → the word that begins with it."""
    joint: str
    """What is said between letter and word."""


def _spelling(words: str) -> dict[str, str]:
    return dict(zip(LETTERS, words.split(), strict=True))


LANGUAGES = {
    "fr": Language("fr-fr", _spelling(_FRENCH), "comme"),
    "en": Language("en-gb", _spelling(_ENGLISH), "as in"),
}


def render_audio(answer: str, language: str, seed: int) -> bytes:
    """Return `answer` as WAV, the same for the same `seed`. Raises AudioUnavailable."""
    rng = random.Random(seed)  # noqa: S311 - the seed is sealed
    spoken = LANGUAGES[language]
    voice = f"{spoken.voice}+{rng.choice(('f2', 'f3', 'm3', 'm5'))}"
    options = [
        "-s",
        str(rng.randint(105, 130)),
        "-p",
        str(rng.randint(35, 65)),
        "-g",
        str(rng.randint(2, 6)),
    ]
    text = ".\n".join(_character(char, spoken) for char in answer)
    with _slots:
        try:
            done = subprocess.run(
                ["espeak-ng", "-v", voice, *options, "-z", "--stdin", "--stdout"],
                input=f"{text}.\n".encode(),
                capture_output=True,
                timeout=SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise AudioUnavailable(type(error).__name__) from None
        return _with_noise(done.stdout, rng)


def _character(char: str, language: Language) -> str:
    return f"{char}, {language.joint} {language.words[char]}" if char in language.words else char


def to_mp3(wav: bytes) -> bytes:
    """Return a WAV of `render_audio` as MP3, a tenth as large, the same for the same WAV."""
    with wave.open(io.BytesIO(wav)) as source:
        encoder = lameenc.Encoder()
        encoder.set_channels(source.getnchannels())
        encoder.set_in_sample_rate(source.getframerate())
        encoder.set_bit_rate(MP3_KILOBITS)
        encoder.set_quality(MP3_EFFORT)
        return bytes(encoder.encode(source.readframes(source.getnframes())) + encoder.flush())


def _with_noise(spoken: bytes, rng: random.Random) -> bytes:
    """Return the WAV with noise of random loudness.

    Its header contains the correct length, which espeak-ng did not know.
    """
    with wave.open(io.BytesIO(spoken)) as source:
        rate, frames = source.getframerate(), source.readframes(len(spoken))
    samples = array.array("h", frames[: len(frames) // 2 * 2])
    loudness = rng.randint(3, 6)
    noises = [(byte - 128) * loudness for byte in range(256)]
    # Both maps run in C: a loop over the samples takes three times as long.
    noisy = list(map(operator.add, samples, map(noises.__getitem__, rng.randbytes(len(samples)))))
    if noisy and (max(noisy) > LOUDEST or min(noisy) < -LOUDEST - 1):
        noisy = [max(-LOUDEST - 1, min(LOUDEST, sample)) for sample in noisy]
    stream = io.BytesIO()
    with wave.open(stream, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(array.array("h", noisy).tobytes())
    return stream.getvalue()
