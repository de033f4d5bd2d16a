"""Under a Part 2 programme all that is kept of a person is protected, whatever it says.

https://www.ecfr.gov/current/title-42/part-2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.disclosure import ACT_CODE
from services.progress_api.domain.handoff.document import name_of
from services.progress_api.domain.handoff.facts import patients_of
from shared.care.part_2 import is_under_part_2
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading

_LABEL: Final = {"system": ACT_CODE, "code": "42CFRPart2"}


def labelled(
    resources: Sequence[JsonObject], episode: JsonObject, reading: Reading
) -> list[JsonObject]:
    """Give resources with the label of a Part 2 programme, where the episode's is one."""
    link = parse_reference(
        episode.get("managingOrganization", {}).get("reference", ""), reading.bases
    )
    manager = (link.type, link.id) if link.kind == "local" else None
    if not any(is_under_part_2(each) for each in resources if name_of(each) == manager):
        return list(resources)
    return [_labelled(each) if patients_of(each, reading) else each for each in resources]


def _labelled(resource: JsonObject) -> JsonObject:
    meta = resource.get("meta", {})
    labels = meta.get("security", [])
    if any(each.get("code") == _LABEL["code"] for each in labels):
        return resource
    return resource | {"meta": meta | {"security": [*labels, _LABEL]}}
