"""Who acts, as long as the server runs without authentication: the X-Stepdown-Actor header."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from shared.access.access import ANONYMOUS, Access, Caller
from shared.fhir.errors import Malformed

# From the headers of a request, in lower case, and the tenant: who asks, and what they may see.
Admit = Callable[[Mapping[str, str], int], Access]

ACTOR_HEADER: Final = "x-stepdown-actor"
# A Device is a service of ours, acting on behalf of nobody.
_ACTOR: Final = re.compile(
    r"(?:Practitioner|Organization|Patient|Device)/[A-Za-z0-9\-.]{1,64}", re.ASCII
)


def open_access(headers: Mapping[str, str], tenant: int) -> Access:
    """Let everybody see everything, whoever they say they are.

    :raises Malformed: when they say it in no form.
    """
    return Access.open(caller_of(headers.get(ACTOR_HEADER)), tenant)


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
