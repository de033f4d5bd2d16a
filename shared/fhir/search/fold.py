"""Folds text so that case, accents, punctuation and repeated white space do not matter.

A change here changes what is stored: it needs a reindex.

https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

import re
import string
import unicodedata
from functools import lru_cache

_ASCII = str.maketrans("", "", string.punctuation)
_IGNORED = frozenset({"Mn", "Me", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sk", "Cf"})
_SIGNS = str.maketrans("", "", "$+<=>|~")
_WORD_END = re.compile(r"[\s\u2010-\u2015-]+")


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Fold a text; folding twice changes nothing."""
    if text.isascii():
        return " ".join(text.lower().translate(_ASCII).split())
    # Compatibility forms may hide capitals, and lower case may bring back accents.
    plain = _decomposed(_decomposed(text).casefold()).casefold()
    kept = "".join(c for c in _decomposed(plain) if unicodedata.category(c) not in _IGNORED)
    return " ".join(kept.translate(_SIGNS).split())


def word_starts(text: str) -> list[str]:
    """Fold what follows each white space and hyphen, so that a later word is found as well."""
    return [fold(text[end.end() :]) for end in _WORD_END.finditer(text)]


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFKD", text)
