"""What may be told to whom: of what is labelled as protected, only what a Consent permits.

A condition of a Consent that cannot be judged here never widens what it permits.
https://hl7.org/fhir/R4/consent.html · https://www.ecfr.gov/current/title-42/part-2
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.fhir.dates import date_range, instant
from shared.fhir.reader import read
from shared.fhir.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading

Verdict = Literal["permit", "deny"]

ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
TOLD: Final[dict[str, Any]] = read((files(__package__) / "disclosure.json").read_bytes())
_LABELS: Final = frozenset(TOLD["labels"])
_LEVELS: Final[list[str]] = TOLD["confidentiality"]
_PURPOSES: Final = frozenset(TOLD["purposes"])
_ACTIONS: Final = frozenset(TOLD["actions"])
_SCOPES: Final = frozenset(TOLD["scopes"])
_CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_BY_RULE: Final[dict[str, Verdict]] = {"OPTIN": "permit", "OPTOUT": "deny"}
# Nobody here can tell whether these hold of a resource.
_NOT_JUDGED: Final = ("class", "code", "dataPeriod")


def is_protected(resource: JsonObject) -> bool:
    """Tell whether a resource, or one that it contains, carries a label that asks for a consent."""
    inside = (resource, *resource.get("contained", ()))
    return not _LABELS.isdisjoint(code for each in inside for code in _labels(each))


def labels_of(resources: Iterable[JsonObject]) -> list[JsonObject]:
    """Join the labels of what is told: the highest confidentiality, and all others once."""
    whole = list(resources)
    codings = {
        (str(each.get("system", "")), str(each.get("code", "")))
        for one in whole
        for each in one.get("meta", {}).get("security", ())
    }
    is_any_protected = any(map(is_protected, whole))
    levels = {code for _, code in codings} | ({TOLD["atLeast"]} if is_any_protected else set())
    level = max(levels & set(_LEVELS), key=_LEVELS.index, default=_LEVELS[0])
    others = {each for each in codings if each[1] not in _LEVELS}
    others |= {(ACT_CODE, code) for code in TOLD["onWhatIsProtected"] if is_any_protected}
    return [_coding(_CONFIDENTIALITY, level), *(_coding(*each) for each in sorted(others))]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A person's Consents, the one who is to be told, and how texts are read."""

    consents: Sequence[JsonObject]
    recipient: str
    reading: Reading

    def relied_on(self, resource: JsonObject) -> list[JsonObject]:
        """Name the Consents by which something protected may be told; none where any denies."""
        verdicts = [(each, self._verdict(each, resource)) for each in self.consents]
        if any(verdict == "deny" for _, verdict in verdicts):
            return []
        return [each for each, verdict in verdicts if verdict == "permit"]

    def permits(self, resource: JsonObject) -> bool:
        """Tell whether a resource may be told."""
        return not is_protected(resource) or bool(self.relied_on(resource))

    def _verdict(self, consent: JsonObject, resource: JsonObject) -> Verdict | None:
        is_meant = not _SCOPES.isdisjoint(_codes([consent.get("scope", {})]))
        if consent.get("status") != "active" or not is_meant or "provision" not in consent:
            return None
        rule = _codes([consent.get("policyRule", {})])
        told = next((_BY_RULE[each] for each in sorted(rule) if each in _BY_RULE), None)
        return self._of(consent["provision"], resource, told)

    def _of(
        self, provision: JsonObject, resource: JsonObject, told: Verdict | None
    ) -> Verdict | None:
        """Give what a provision says; those inside it are exceptions, and a denial comes first."""
        verdict: Verdict | None = provision.get("type", told)
        if not self._applies(provision, resource, verdict):
            return None
        inside = {self._of(each, resource, None) for each in provision.get("provision", ())}
        if "deny" in inside:
            return "deny"
        return "permit" if "permit" in inside else verdict

    def _applies(
        self, provision: JsonObject, resource: JsonObject, verdict: Verdict | None
    ) -> bool:
        if verdict != "deny" and any(each in provision for each in _NOT_JUDGED):
            return False
        purposes = {each.get("code") for each in provision.get("purpose", ())}
        labels = {each.get("code") for each in provision.get("securityLabel", ())}
        actions = _codes(provision.get("action", ()))
        actors = self._named(each["reference"] for each in provision.get("actor", ()))
        data = self._named(each["reference"] for each in provision.get("data", ()))
        return self._holds_now(provision) and all(
            not asked or not asked.isdisjoint(given)
            for asked, given in (
                (purposes, _PURPOSES),
                (labels, set(_labels(resource))),
                (actions, _ACTIONS),
                (actors, {self.recipient}),
                (data, {f"{resource['resourceType']}/{resource.get('id')}"}),
            )
        )

    def _holds_now(self, provision: JsonObject) -> bool:
        period, now = provision.get("period", {}), instant(self.reading.now)
        has_begun = "start" not in period or _range(period["start"], self)[0] <= now
        return has_begun and ("end" not in period or _range(period["end"], self)[1] > now)

    def _named(self, references: Iterable[JsonObject]) -> set[str]:
        # One that names nothing here still narrows, so it is kept as it is told.
        links = [
            parse_reference(each.get("reference", ""), self.reading.bases) for each in references
        ]
        return {f"{each.type}/{each.id}" if each.kind == "local" else each.text for each in links}


def _range(text: str, disclosure: Disclosure) -> tuple[int, int]:
    return date_range(text, disclosure.reading.zone)


def _labels(resource: JsonObject) -> list[str]:
    return [str(each.get("code")) for each in resource.get("meta", {}).get("security", ())]


def _coding(system: str, code: str) -> JsonObject:
    return ({"system": system} if system else {}) | {"code": code}


def _codes(concepts: Iterable[JsonObject]) -> set[str]:
    return {str(each.get("code")) for one in concepts for each in one.get("coding", ())}
