"""Reads the parameters of an address, or of criteria written like one.

https://hl7.org/fhir/R4/http.html#general
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from shared.fhir.errors import Malformed

if TYPE_CHECKING:
    from shared.server.request import Pairs


def pairs_of(text: str | bytes) -> Pairs:
    """Read names and values in the order in which they stand.

    :raises Malformed: when they are not UTF-8: misread, they would ask for something else.
    """
    try:
        told = text.decode() if isinstance(text, bytes) else text
        return tuple(parse_qsl(told, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise Malformed("The parameters of an address are UTF-8.") from None
