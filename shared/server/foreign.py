"""Refuses what is of another standard than FHIR, with a hint of what makes FHIR of it.

HL7 v2 is known by its media types, or by the segment that each of its messages begins with, or each
file or batch of them; what parts the fields comes next, and may be another character.
https://hl7.org/fhir/R4/comparison-v2.html
"""

from __future__ import annotations

from typing import Final

from shared.fhir.errors import UnsupportedMedia

_V2_TYPES: Final = frozenset({"application/hl7-v2", "x-application/hl7-v2+er7"})
_V2_BEGINS: Final = (b"MSH", b"FHS", b"BHS")
# What frames a message on its usual transport, and what editors put before a text.
_BEFORE: Final = b"\x0b\xef\xbb\xbf \t\r\n"
_V2: Final = (
    "This is HL7 v2, which this server does not read. Let an interface engine make FHIR R4 of it: "
    "of ADT messages notices for $process-message, of others resources or a document Bundle."
)


def refuse_foreign(content_type: str | None, raw: bytes) -> None:
    """Check that a body is not of another standard.

    :raises UnsupportedMedia: when it is, with a hint.
    """
    named = (content_type or "").partition(";")[0].strip().lower()
    if named in _V2_TYPES or raw[:64].lstrip(_BEFORE).startswith(_V2_BEGINS):
        raise UnsupportedMedia(_V2)
