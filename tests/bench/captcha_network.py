"""An attack that is trained on our own generator: a small convolutional network that reads the CAPTCHA's picture.

The generator is public, so an attacker has as many pictures with their answers as processor time allows.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy
import optax
from jax import lax
from PIL import Image

from gateway.protection.captcha.challenge import ALPHABET, LENGTH
from gateway.protection.captcha.image import ROWS, SIZE, render_image

BATCH = 16
CONVOLUTIONS = ((5, 1, 24, 2), (3, 24, 48, 2), (3, 48, 64, 1), (3, 64, 96, 2), (3, 96, 96, 1))
"""Width in pixels, channels in, channels out, stride of each layer."""
HIDDEN = 320
ROUNDS = 3
"""How often a picture is learned from, each time moved by some pixels: drawing costs as much as learning."""
REMEMBERED = 1000
"""Batches from which the second and later rounds are taken."""
MAX_SHIFT = 3
"""Pixels, at half size."""
LEARNING_RATE = 1.5e-3
Parameters = list[dict[str, jax.Array]]


@dataclass(frozen=True)
class TrainedReader:
    parameters: Parameters
    pictures: int
    """How many pictures it was trained on."""
    cpu_seconds: float
    """Of this process: drawing the pictures and learning."""

    def read(self, pictures: list[bytes]) -> list[str]:
        scores = numpy.asarray(_scores(self.parameters, numpy.stack([_pixels(picture) for picture in pictures])))
        return ["".join(ALPHABET[place] for place in row) for row in scores.argmax(axis=2)]


def train(cpu_seconds: float, seed: int) -> TrainedReader:
    """Learn from fresh pictures until this process has used `cpu_seconds` of processor time."""
    started = time.process_time()
    parameters = _initial(numpy.random.default_rng(seed))
    # The rate falls with the share of the time that is used, so it is computed outside of the optimizer.
    optimizer = optax.adam(1.0)
    state = optimizer.init(parameters)

    @jax.jit
    def learn(parameters: Parameters, state: Any, images: Any, answers: Any, rate: Any) -> tuple[Parameters, Any]:
        gradients = jax.grad(_loss)(parameters, images, answers)
        updates, state = optimizer.update(gradients, state)
        return optax.apply_updates(parameters, jax.tree.map(lambda update: rate * update, updates)), state

    seen = 0
    for images, answers in _batches(random.Random(seed)):
        used = (time.process_time() - started) / cpu_seconds
        if used >= 1:
            break
        rate = LEARNING_RATE * min(1.0, 20 * used + 0.1) * 0.5 * (1 + numpy.cos(numpy.pi * used))
        parameters, state = learn(parameters, state, images, answers, rate)
        seen += len(images)
    return TrainedReader(parameters, seen, time.process_time() - started)


def _batches(rng: random.Random) -> Iterator[tuple[numpy.ndarray, numpy.ndarray]]:
    """Pictures of random answers, and the answers as places in ALPHABET, without end."""
    remembered: list[tuple[numpy.ndarray, numpy.ndarray]] = []
    while True:
        answers = [rng.choices(range(len(ALPHABET)), k=LENGTH) for _ in range(BATCH)]
        texts = ("".join(ALPHABET[place] for place in answer) for answer in answers)
        images = [_pixels(render_image(text, rng.getrandbits(64))) for text in texts]
        remembered.append((numpy.stack(images), numpy.array(answers)))
        remembered = remembered[-REMEMBERED:]
        yield remembered[-1]
        for images_again, answers_again in rng.choices(remembered, k=ROUNDS - 1):
            shift = rng.randint(-MAX_SHIFT, MAX_SHIFT), rng.randint(-MAX_SHIFT, MAX_SHIFT)
            yield numpy.roll(images_again, shift, axis=(1, 2)) * rng.choice((-1, 1)), answers_again


def _pixels(picture: bytes) -> numpy.ndarray:
    """A picture at half its size, from -1 to 1; shape (height, width, 1)."""
    half = Image.open(io.BytesIO(picture)).convert("L").resize((SIZE[0] // 2, SIZE[1] // 2), Image.Resampling.BOX)
    return numpy.asarray(half, dtype=numpy.float32)[..., None] / 127.5 - 1


def _initial(rng: numpy.random.Generator) -> Parameters:
    def layer(*shape: int, gain: float = 2.0) -> dict[str, jax.Array]:
        scale = (gain / numpy.prod(shape[:-1])) ** 0.5
        weights = rng.normal(0, scale, shape).astype(numpy.float32)
        return {"weights": jnp.asarray(weights), "bias": jnp.zeros(shape[-1])}

    convolutions = [layer(width, width, into, out) for width, into, out, _ in CONVOLUTIONS]
    features = _features(convolutions, numpy.zeros((1, SIZE[1] // 2, SIZE[0] // 2, 1), numpy.float32))
    _, height, width, channels = features.shape
    where = layer(channels, LENGTH, gain=0.1)
    where["bias"] = _expected_places(height, width)
    return [*convolutions, where, layer(channels, HIDDEN), layer(HIDDEN, len(ALPHABET), gain=1.0)]


def _expected_places(height: int, width: int) -> jax.Array:
    """A score for each place of the picture and each character: two rows of three; shape (height, width, LENGTH)."""
    y, x = numpy.mgrid[0:height, 0:width]
    y, x = (y + 0.5) / height, (x + 0.5) / width
    middles = [(row, column) for row in ROWS for column in (0.25, 0.5, 0.75)]
    scores = [-(((y - row) / 0.15) ** 2) - ((x - column) / 0.12) ** 2 for row, column in middles]
    return jnp.asarray(numpy.stack(scores, axis=2), jnp.float32)


def _features(convolutions: Parameters, images: Any) -> jax.Array:
    """Shape (pictures, height, width, channels)."""
    values: jax.Array = images
    for layer, (_, _, _, stride) in zip(convolutions, CONVOLUTIONS, strict=True):
        values = lax.conv_general_dilated(
            values, layer["weights"], (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        values = jax.nn.relu(_normalized(values) + layer["bias"])
    return values


def _normalized(values: jax.Array) -> jax.Array:
    return values / jnp.sqrt((values**2).mean(axis=-1, keepdims=True) + 1e-5)


@jax.jit
def _scores(parameters: Parameters, images: Any) -> jax.Array:
    """Look for each of the characters at its place, and name it; shape (pictures, LENGTH, characters of ALPHABET)."""
    *convolutions, where, hidden, last = parameters
    features = _features(convolutions, images)
    looked_at = jnp.einsum("nhwc,cl->nhwl", features, where["weights"]) + where["bias"]
    weights = jax.nn.softmax(looked_at.reshape(len(images), -1, LENGTH), axis=1)
    seen = jnp.einsum("npl,npc->nlc", weights, features.reshape(len(images), weights.shape[1], -1))
    values = jax.nn.relu(seen @ hidden["weights"] + hidden["bias"])
    return values @ last["weights"] + last["bias"]


def _loss(parameters: Parameters, images: Any, answers: Any) -> jax.Array:
    loss: jax.Array = optax.softmax_cross_entropy_with_integer_labels(_scores(parameters, images), answers).mean()
    return loss
