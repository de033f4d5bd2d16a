"""The terms of a search row: one text for each thing that a search can ask of a resource.

A text begins with the parameter's number and a letter; what follows cannot be confused, because
neither a system nor a uri holds a space:

    412c final                            the code, of whatever system
    412t http://loinc.org 44261-6         the code of the system; `412t  44261-6` of no system
    412s http://loinc.org                 any code of the system
    412k http://loinc.org amb             a code of the system that has capitals, folded
    412f true                             a value in which case does not matter, folded
    412r Patient/7                        a reference to a resource of this server, any version
    412u http://example.org/x             a uri, or a reference to somewhere else
    412x blood pressure                   what a code is called, folded
    412o http://x.org MR  123             an identifier whose type has that system and code
    412i… as c, t and s                   the identifier of a logical reference
    412p7 408c a409r Patient/7            two terms of one element, the first of 7 characters
    412+ and 412-                         the resource has, or lacks, a value for the parameter

A row carries `+` for a parameter that may be absent and `-` for one that hardly ever is, so that
either question is answered by the rarer term. Any change here needs a reindex.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Final

# Most terms of a row were in rows before: codes, systems, markers, the patient of the hour.
_REMEMBERED: Final = 16_384
_LONGEST: Final = 200


def hash_term(tenant: int, type_code: int, text: str) -> int:
    """Hash a term to a signed 64-bit integer, as SQL can with `sha256` and `substring`."""
    hashed = _remembered if len(text) <= _LONGEST else _hashed
    return hashed(tenant, type_code, text)


def _hashed(tenant: int, type_code: int, text: str) -> int:
    digest = sha256(f"{tenant}|{type_code}|{text}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


_remembered = lru_cache(_REMEMBERED)(_hashed)


def code_term(name: int | str, code: str) -> str:
    """Name a code of whatever system."""
    return f"{name}c {code}"


def coding_term(name: int | str, system: str, code: str) -> str:
    """Name a code of one system, or of none."""
    return f"{name}t {system} {code}"


def system_term(name: int | str, system: str) -> str:
    """Name every code of a system."""
    return f"{name}s {system}"


def cased_term(name: int | str, system: str, folded: str) -> str:
    """Name a code with capitals by its folded form: a system may say that case does not matter."""
    return f"{name}k {system} {folded}"


def folded_term(name: int | str, text: str) -> str:
    """Name a value in which case does not matter."""
    return f"{name}f {text.casefold()}"


def target_term(number: int, resource_type: str, logical_id: str) -> str:
    """Name a resource of this server that is referred to."""
    return f"{number}r {resource_type}/{logical_id}"


def uri_term(number: int, uri: str) -> str:
    """Name a uri, or what is referred to elsewhere."""
    return f"{number}u {uri}"


def text_term(number: int, folded: str) -> str:
    """Name what a code is called."""
    return f"{number}x {folded}"


def typed_term(number: int, system: str, code: str, value: str) -> str:
    """Name an identifier of a type; no code has two spaces on end, so these end it."""
    return f"{number}o {system} {code}  {value}"


def identifier_name(number: int) -> str:
    """Name the identifiers of a parameter's references, as if they were a parameter."""
    return f"{number}i"


def pair_term(number: int, one: str, other: str) -> str:
    """Name two terms that one element has."""
    return f"{number}p{len(one)} {one}{other}"


def present_term(number: int) -> str:
    """Say that there is a value."""
    return f"{number}+"


def absent_term(number: int) -> str:
    """Say that there is none."""
    return f"{number}-"
