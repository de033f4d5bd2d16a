"""Who acts, as long as the server runs without authentication: the X-Stepdown-Actor header."""

from __future__ import annotations

import re
from typing import Final

from shared.access.access import ANONYMOUS, Caller
from shared.fhir.errors import Malformed

ACTOR_HEADER: Final = "x-stepdown-actor"
# A Device is a service of ours, acting on behalf of nobody.
_ACTOR: Final = re.compile(
    r"(?:Practitioner|Organization|Patient|Device)/[A-Za-z0-9\-.]{1,64}", re.ASCII
)


def caller_of(header: str | None) -> Caller:
    """Read the caller from the header; without it the caller is anonymous.

    :raises Malformed: when it is no reference to a possible actor.
    """
    if header is None:
        return ANONYMOUS
    if not _ACTOR.fullmatch(header):
        raise Malformed(
            "X-Stepdown-Actor must be a reference to a Practitioner, Organization or Patient."
        )
    return Caller(header)
