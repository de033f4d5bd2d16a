"""A hospital's notice: a message Bundle about one stay of one person.

https://hl7.org/fhir/us/davinci-alerts/ · https://hl7.org/fhir/R4/messaging.html
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from services.intake_api.domain.stay import disposition, ends_inpatient_stay
from shared.care.automatic import derived_id
from shared.care.carried import Carried
from shared.fhir.dates import MIN_TIME, date_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.fhir.reader import JsonObject

EVENT_SYSTEM: Final = "http://hl7.org/fhir/us/davinci-alerts/CodeSystem/notification-event"
EVENTS: Final = ("notification-admit", "notification-discharge", "notification-transfer")
DISCHARGE: Final = "notification-discharge"

# Those who take part in it, of whom nothing is the person's own.
DIRECTORY: Final = frozenset({"Organization", "Practitioner", "PractitionerRole", "Location"})


class Notice(Carried):
    """A message that was found to be a notice; its parts are read from the Bundle."""

    # Which resources are the person's own, by the element that says whose they are.
    the_persons: ClassVar[Mapping[str, str]] = {
        "Condition": "subject",
        "Consent": "patient",
        "Coverage": "beneficiary",
    }
    directory: ClassVar[frozenset[str]] = DIRECTORY

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

    @property
    def refers(self) -> bool:
        """Whether it asks the programme to take the person over: nobody refers the dead."""
        ends = self.event == DISCHARGE and ends_inpatient_stay(self.stay)
        return ends and disposition(self.stay) != "death"

    @property
    def documents(self) -> tuple[str, ...]:
        """The references of the documents that go with what it asks."""
        return ()

    @property
    def requester(self) -> tuple[str | None, str]:
        """The fullUrl of who asks, where it carries them, and what to call them otherwise."""
        carried = (self.address(each.get("reference")) for each in self._askers())
        source = self.header["source"]
        return next(filter(None, carried), None), source.get("name", self.endpoint)

    def _askers(self) -> Iterator[JsonObject]:
        yield from (self.header.get(name, {}) for name in ("sender", "responsible"))

    def at_sender(self, url: str) -> str:
        """Name an entry as its sender does, where it has no identifier."""
        resource = self.entries[url]
        local = f"{resource['resourceType']}/{resource['id']}" if "id" in resource else url
        return f"{self.endpoint}|{local}"

    @cached_property
    def stay_address(self) -> str:
        """The fullUrl of the Encounter in focus."""
        focused = (self.address(each.get("reference")) for each in self.header["focus"])
        return next(url for url in focused if url and self.holds(url, "Encounter"))

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

    def _is_kept(self, url: str, resource: JsonObject) -> bool:
        whose = self.the_persons.get(resource["resourceType"])
        if whose is not None:
            # What the message says of others is theirs, and not kept as this person's.
            said = resource.get(whose, {}).get("reference")
            return self.address(said) == self.patient_address
        is_theirs = url in {self.stay_address, self.patient_address}
        return is_theirs or resource["resourceType"] in self.directory


def identifiers(resource: JsonObject) -> tuple[tuple[str, str], ...]:
    """Give the system and value of each identifier that has both and still holds, in order."""
    return tuple(sorted({(each["system"], each["value"]) for each in _whole(resource)}))


def _whole(resource: JsonObject) -> Iterator[dict[str, Any]]:
    for each in _listed(resource.get("identifier", ())):
        if each.get("system") and each.get("value") and each.get("use") != "old":
            yield each


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - one Identifier or several
    return [value] if isinstance(value, dict) else list(value)
