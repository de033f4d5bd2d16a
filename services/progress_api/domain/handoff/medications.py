"""A person's medicines as one list: what was ordered beside what is taken, and how they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.progress_api.domain.handoff.facts import name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.reader import JsonObject

_DOSES: Final = {"MedicationRequest": "dosageInstruction", "MedicationStatement": "dosage"}
AGREE: Final = "none"
NOT_TAKEN: Final = "ordered; nobody says that it is taken"
NOT_ORDERED: Final = "taken; no order for it here"
OTHERWISE: Final = "taken otherwise than ordered"
_NO_DOSE: Final = "no dosage told"


@dataclass(frozen=True, slots=True)
class Medicine:
    """One medicine: its name, how it was ordered and how it is taken, and the difference."""

    name: str
    ordered: str
    taken: str

    @property
    def difference(self) -> str:
        """Say how the order and what is taken differ."""
        if not self.taken:
            return NOT_TAKEN
        if not self.ordered:
            return NOT_ORDERED
        differs = self.ordered != self.taken and _NO_DOSE not in (self.ordered, self.taken)
        return OTHERWISE if differs else AGREE


def reconciled(resources: Sequence[JsonObject]) -> list[Medicine]:
    """Join orders and statements of the same medicine, by its codes, else by its name."""
    joined: list[tuple[set[str], list[JsonObject]]] = []
    for each in resources:
        names = _names(each)
        group = next((known for known in joined if known[0] & names), None)
        if group is None:
            joined.append((names, [each]))
        else:
            group[0].update(names)
            group[1].append(each)
    medicines = (_medicine(each) for _, each in joined)
    return sorted(medicines, key=lambda each: each.name.casefold())


def _medicine(resources: Sequence[JsonObject]) -> Medicine:
    ordered = [each for each in resources if each["resourceType"] == "MedicationRequest"]
    taken = [each for each in resources if each["resourceType"] != "MedicationRequest"]
    return Medicine(_name(resources[0]), _doses(ordered), _doses(taken))


def _names(resource: JsonObject) -> set[str]:
    concept = resource.get("medicationCodeableConcept", {})
    codes = {f"{e.get('system')}|{e['code']}" for e in concept.get("coding", ()) if "code" in e}
    reference = resource.get("medicationReference", {}).get("reference")
    return codes | {_name(resource).casefold()} | ({reference} if reference else set())


def _name(resource: JsonObject) -> str:
    reference = resource.get("medicationReference", {})
    return str(reference.get("display") or reference.get("reference") or name_of(resource))


def _doses(resources: Iterable[JsonObject]) -> str:
    """Tell how they are to be taken; '' where there is none of them."""
    told = [
        "; ".join(filter(None, (dose.get("text") for dose in each.get(_key(each), ()))))
        for each in resources
    ]
    return ", ".join(dict.fromkeys(each or _NO_DOSE for each in told))


def _key(resource: JsonObject) -> str:
    return _DOSES[resource["resourceType"]]
