"""Random French names, with about as many homonyms as in France.

Faker's fr_FR provider has the names but no weights: its lists are plain tuples (400 surnames, 215 given names), and
it chooses evenly. Only the order of the surnames is useful: it is close to the national ranking. So the weights are
here:

- The listed surnames are for 22 % of the people, with the weight 1 / (rank + 50). That is roughly their share in
  France: 0.2 % for the second, 0.06 % for the hundredth, 0.02 % for the four hundredth.
- Everybody else has a surname made of a listed name and an ending (Durand → Durandet): 13,000 of them, all equally
  likely. Without these, every listed name would be four to five times as frequent.
- Given names have the weight 1 / (rank + 12), which gives 3 to 4 % to the first. Faker lists them alphabetically, so
  the first ranks are defined here: usual names of people born from 1958 to 2005, in a rough order.

Measured: 6 % of 60,000 people, and 42 % of 1,200,000, share given name and surname with somebody.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

from faker.providers.person.fr_FR import Provider

_LISTED_SHARE = 0.22
_SURNAME_FLATNESS = 50
_GIVEN_NAME_FLATNESS = 12

_PARTICLE_SHARE = 0.03
_DOUBLE_SURNAME_SHARE = 0.03
_DOUBLE_GIVEN_NAME_SHARE = 0.07

# "on" and "onnet" are missing: after the c of Leclerc or Marc they would form a vulgar word.
_ENDINGS = (
    "ac", "and", "ard", "art", "as", "at", "aud", "ault", "eau", "ec", "el", "elle", "ert", "ery", "et",
    "ette", "euil", "eux", "ez", "ic", "ier", "in", "ineau", "inet", "ini", "ois", "ot", "otte", "ou", "oux",
    "y",
)  # fmt: skip
_MIN_BASE_CHARS = 3

_USUAL_WOMEN = (
    "Marie", "Nathalie", "Isabelle", "Sylvie", "Catherine", "Céline", "Christine", "Valérie", "Sophie",
    "Stéphanie", "Julie", "Véronique", "Virginie", "Anne", "Aurélie", "Caroline", "Camille", "Laurence",
    "Christelle", "Émilie", "Corinne", "Élodie", "Hélène", "Pauline", "Patricia", "Charlotte", "Cécile",
    "Claire", "Brigitte", "Françoise", "Martine", "Mathilde", "Audrey", "Manon", "Marine", "Lucie", "Élise",
    "Juliette", "Alice", "Amélie",
)  # fmt: skip
_USUAL_MEN = (
    "Philippe", "Nicolas", "Christophe", "Pierre", "Thomas", "Laurent", "Olivier", "Frédéric", "Sébastien",
    "Julien", "Stéphane", "Alexandre", "David", "Jean", "Éric", "Michel", "Patrick", "Antoine", "Guillaume",
    "Vincent", "Thierry", "François", "Jérôme", "Alain", "Matthieu", "Lucas", "Martin", "Marc", "Benjamin",
    "Adrien", "Gilles", "Xavier", "Paul", "Louis", "Arthur", "Victor", "Daniel", "Jacques", "Charles",
    "Benoît",
)  # fmt: skip
_FIRST_OF_TWO_WOMEN = ("Marie", "Marie", "Marie", "Anne")
_FIRST_OF_TWO_MEN = ("Jean", "Jean", "Jean", "Pierre", "Louis", "Charles")


class Names:
    """Chooses names with `dice` only, so that the same state of it gives the same names."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        surnames = _distinct(Provider.last_names)
        women = _distinct((*_USUAL_WOMEN, *Provider.first_names_female))
        men = _distinct((*_USUAL_MEN, *Provider.first_names_male))
        self._listed_surname = _weighted(surnames, _SURNAME_FLATNESS, dice)
        self._bases = _bases((*surnames, *men))
        self._woman = _weighted(women, _GIVEN_NAME_FLATNESS, dice)
        self._man = _weighted(men, _GIVEN_NAME_FLATNESS, dice)

    def given_name(self, *, woman: bool) -> str:
        """Return a given name; 7 % are double names."""
        draw, first_of_two = (self._woman, _FIRST_OF_TWO_WOMEN) if woman else (self._man, _FIRST_OF_TWO_MEN)
        name = draw()
        if self._dice.random() >= _DOUBLE_GIVEN_NAME_SHARE:
            return name
        first = self._dice.choice(first_of_two)
        return name if first == name else f"{first}-{name}"

    def surname(self) -> str:
        """Return a surname; some are double names, some have a particle."""
        name = self._single_surname()
        kind = self._dice.random()
        if kind < _DOUBLE_SURNAME_SHARE:
            return f"{name}-{self._single_surname()}"
        if kind < _DOUBLE_SURNAME_SHARE + _PARTICLE_SHARE:
            return self._with_particle(name)
        return name

    def surname_other_than(self, taken: str) -> str:
        """Return a surname that differs from `taken`."""
        while (name := self.surname()) == taken:
            pass
        return name

    def _single_surname(self) -> str:
        if self._dice.random() < _LISTED_SHARE:
            return self._listed_surname()
        return self._dice.choice(self._bases) + self._dice.choice(_ENDINGS)

    def _with_particle(self, name: str) -> str:
        if name[0] in "AEÉIOUH":
            return f"d'{name}"
        return f"{self._dice.choice(Provider.prefixes)} {name}"


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Return each name once, in the given order; a set's order would change from one run to the next."""
    return tuple(dict.fromkeys(names))


def _bases(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that can take an ending: one word, without the vowels at its end."""
    bare = (name.rstrip("aeéiouy") for name in names if " " not in name)
    return _distinct(name for name in bare if len(name) >= _MIN_BASE_CHARS)


def _weighted(names: Sequence[str], flatness: int, dice: random.Random) -> Callable[[], str]:
    """Return a function that chooses a name with the weight 1 / (rank + flatness).

    It uses sums and divisions only, because a power would differ in its last digit between C libraries.
    """
    sums = list(accumulate(1 / (rank + flatness) for rank in range(1, len(names) + 1)))
    total = sums[-1]
    last = len(names) - 1
    return lambda: names[bisect(sums, dice.random() * total, 0, last)]
