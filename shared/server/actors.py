"""Who must act: what needs a clinician or a known party is refused to anybody else.

As long as the server runs open, the header X-Stepdown-Actor says who acts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.errors import Forbidden
from shared.store.finding import fetch
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.server.request import Context
    from shared.store.reading import Reading


async def clinician(reading: Reading, context: Context) -> str:
    """Name the Practitioner who acts, as a reference.

    :raises Forbidden: when it is no Practitioner of this record.
    """
    return await _acting(reading, context, ("Practitioner",), "a clinician")


async def actor(reading: Reading, context: Context) -> str:
    """Name whoever acts, as a reference.

    :raises Forbidden: when it is nobody of this record.
    """
    types = ("Practitioner", "Organization", "Patient")
    return await _acting(reading, context, types, "somebody known here")


async def _acting(reading: Reading, context: Context, types: tuple[str, ...], who: str) -> str:
    reference = context.caller.reference
    resource_type, _, logical_id = (reference or "").partition("/")
    if reference is None or resource_type not in types:
        raise Forbidden(
            f"This needs {who}: send X-Stepdown-Actor with a reference to a "
            f"{' or '.join(types)}, such as {types[0]}/7."
        )
    if await fetch(reading, Key(resource_type, logical_id)) is None:
        raise Forbidden(f"This needs {who}, and the {resource_type} who acts is not known here.")
    return reference
