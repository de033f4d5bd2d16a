"""A hospital's notice: a message Bundle about one stay of one person.

https://hl7.org/fhir/us/davinci-alerts/ · https://hl7.org/fhir/R4/messaging.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from shared.care.automatic import derived_id
from shared.fhir.dates import MIN_TIME, date_range
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.fhir.reader import JsonObject

EVENT_SYSTEM: Final = "http://hl7.org/fhir/us/davinci-alerts/CodeSystem/notification-event"
EVENTS: Final = ("notification-admit", "notification-discharge", "notification-transfer")
DISCHARGE: Final = "notification-discharge"

# Whom and what a notice is about, and the directory of those who take part in it.
_THE_PERSONS: Final = {"Condition": "subject", "Coverage": "beneficiary"}
DIRECTORY: Final = frozenset({"Organization", "Practitioner", "PractitionerRole", "Location"})


@dataclass(frozen=True)
class Notice:
    """A message that was found to be a notice; its parts are read from the Bundle."""

    bundle: JsonObject

    @property
    def header(self) -> JsonObject:
        """The MessageHeader."""
        header: JsonObject = self.bundle["entry"][0]["resource"]
        return header

    @property
    def name(self) -> str:
        """Name the message: the same name is the same message."""
        return f"{self.endpoint}|{self.header['id']}"

    @property
    def endpoint(self) -> str:
        """Name the system that sent it."""
        endpoint: str = self.header["source"]["endpoint"]
        return endpoint

    @property
    def bundle_id(self) -> str:
        """Derive the id under which the message is stored."""
        return derived_id(f"message/{self.name}", "bundle")

    @property
    def event(self) -> str:
        """Tell what happened: admit, discharge or transfer."""
        event: str = self.header["eventCoding"]["code"]
        return event

    @cached_property
    def entries(self) -> Mapping[str, JsonObject]:
        """The resources that the message carries beside its header, by fullUrl."""
        return {each["fullUrl"]: each["resource"] for each in self.bundle["entry"][1:]}

    @cached_property
    def _addresses(self) -> Mapping[str, str]:
        """Every text that refers to an entry, with its fullUrl."""
        texts = {url: url for url in self.entries}
        for url, resource in self.entries.items():
            link = parse_reference(url)
            logical_id = resource.get("id") or (link.id if link.kind == "external" else None)
            if logical_id is not None:
                texts.setdefault(f"{resource['resourceType']}/{logical_id}", url)
        return texts

    def address(self, reference: object) -> str | None:
        """Find the fullUrl of the entry that a reference means."""
        if not isinstance(reference, str):
            return None
        # A message carries one version of each.
        return self._addresses.get(reference.partition("/_history/")[0])

    def place(self, url: str) -> str:
        """Tell where in the Bundle an entry stands."""
        return f"Bundle.entry[{1 + list(self.entries).index(url)}].resource"

    @cached_property
    def stay_address(self) -> str:
        """The fullUrl of the Encounter in focus."""
        focused = (self.address(each.get("reference")) for each in self.header["focus"])
        return next(url for url in focused if url and self._is(url, "Encounter"))

    @property
    def stay(self) -> JsonObject:
        """The Encounter in focus."""
        return self.entries[self.stay_address]

    @cached_property
    def patient_address(self) -> str:
        """The fullUrl of the person whose stay it is."""
        address = self.address(self.stay["subject"]["reference"])
        if address is None:
            raise AssertionError("a notice that was read carries its person")
        return address

    @property
    def patient(self) -> JsonObject:
        """The Patient whose stay it is."""
        return self.entries[self.patient_address]

    @cached_property
    def kept(self) -> Mapping[str, JsonObject]:
        """What is kept of the message beside the message itself, by fullUrl."""
        return {url: each for url, each in self.entries.items() if self._is_kept(url, each)}

    @cached_property
    def order(self) -> tuple[int, int, str]:
        """Place the notice among others; the newest is the greatest."""
        updated = self.stay.get("meta", {}).get("lastUpdated")
        changed = MIN_TIME if updated is None else date_range(updated)[0]
        return date_range(self.bundle["timestamp"])[0], changed, self.name

    def _is(self, url: str, resource_type: str) -> bool:
        return bool(self.entries[url]["resourceType"] == resource_type)

    def _is_kept(self, url: str, resource: JsonObject) -> bool:
        whose = _THE_PERSONS.get(resource["resourceType"])
        if whose is not None:
            # What the message says of others is theirs, and not kept as this person's.
            said = resource.get(whose, {}).get("reference")
            return self.address(said) == self.patient_address
        is_theirs = url in {self.stay_address, self.patient_address}
        return is_theirs or resource["resourceType"] in DIRECTORY


def identifiers(resource: JsonObject) -> tuple[tuple[str, str], ...]:
    """Give the system and value of each identifier that has both and still holds, in order."""
    return tuple(sorted({(each["system"], each["value"]) for each in _whole(resource)}))


def _whole(resource: JsonObject) -> Iterator[dict[str, Any]]:
    for each in _listed(resource.get("identifier", ())):
        if each.get("system") and each.get("value") and each.get("use") != "old":
            yield each


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - one Identifier or several
    return [value] if isinstance(value, dict) else list(value)
