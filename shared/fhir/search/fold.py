"""Folds text so that case, accents, punctuation and repeated white space do not matter.

A change here changes what is stored: it needs a reindex.

https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

import re
import string
import unicodedata

from shared.fhir.memory import remembering_short_texts

_ASCII = str.maketrans("", "", string.punctuation)
_IGNORED = frozenset({"Mn", "Me", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sk", "Cf"})
_SIGNS = str.maketrans("", "", "$+<=>|~")
_NAME = 400
# The one accent that is a letter in lower case.
_IOTA = "\u0345"
_WORD_END = re.compile(r"[\s\u2010-\u2015-]+")


@remembering_short_texts
def fold(text: str) -> str:
    """Fold a text; folding twice changes nothing."""
    if text.isascii():
        return " ".join(text.lower().translate(_ASCII).split())
    # Compatibility forms may hide capitals, and lower case may bring back accents.
    plain = _decomposed(_decomposed(_without_accents(text)).casefold()).casefold()
    kept = "".join(c for c in _decomposed(plain) if unicodedata.category(c) not in _IGNORED)
    return " ".join(_without_accents(kept).translate(_SIGNS).split())


def word_starts(text: str) -> list[str]:
    """Fold what follows each white space and hyphen, so that a later word is found as well.

    No name is so long that it must be found by a word beyond `_NAME` characters.
    """
    name = text[:_NAME]
    return [fold(name[end.end() :]) for end in _WORD_END.finditer(name)]


def _without_accents(text: str) -> str:
    # Decomposing puts a run of accents in order, which takes quadratic time of a long one.
    return "".join(c for c in text if not unicodedata.combining(c) or c == _IOTA)


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFKD", text)
