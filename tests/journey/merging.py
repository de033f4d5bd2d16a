"""Two Patients who turn out to be one person, or not to be, and what stands of what was derived."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.services.person import Person, Resource


def merged(old: Person, survivor: Person) -> Resource:
    """Say that another Patient stands for this one."""
    link = [{"other": survivor.reference, "type": "replaced-by"}]
    return old.put({"resourceType": "Patient", "id": old.id, "active": False, "link": link})


def parted(old: Person) -> Resource:
    """Take it back."""
    return old.put({"resourceType": "Patient", "id": old.id, "active": True})


def settled(person: Person) -> None:
    """Wait until an effect of an effect of an effect has come too."""
    for _ in range(3):
        person.pass_time()


def sources(person: Person, resource: Resource) -> set[str]:
    """What Provenance names as the ground of a resource."""
    return {
        entity["what"]["reference"]
        for said in person.told_of(resource)
        for entity in said.get("entity", ())
    }


def versioned(resource: Resource) -> str:
    """Refer to a version."""
    number = resource["meta"]["versionId"]
    return f"{resource['resourceType']}/{resource['id']}/_history/{number}"
