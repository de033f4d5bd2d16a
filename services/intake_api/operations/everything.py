"""`Patient/$everything`: all that the record holds about one person, in the order of its time.

First the person; then, by their main dates, whatever refers to the person and every Provenance of
it. What a page's resources refer to outside any person's record (practitioners, organizations,
definitions) stands beside them as `include`.
https://hl7.org/fhir/R4/patient-operation-everything.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from services.intake_api.domain.notice import review
from shared.fhir.dates import MAX_TIME, MIN_TIME, date_range
from shared.fhir.definitions import TYPE_CODE
from shared.fhir.errors import InvalidSearch
from shared.fhir.reader import read
from shared.fhir.references import Links
from shared.server.definition import Operation, Parameter
from shared.server.request import FhirResponse
from shared.server.searchset import searchset
from shared.store.finding import find, required
from shared.store.mention import Mention
from shared.store.page_key import PageKey, sign, verify
from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from shared.server.call import Call
    from shared.server.inputs import Inputs
    from shared.store.reading import Reading
    from shared.store.version import Version

_MOST: Final = 1000
# Types that are nobody's record; any other is shown only where it refers to this person.
_AROUND: Final = frozenset(
    {
        "ActivityDefinition",
        "Device",
        "Endpoint",
        "HealthcareService",
        "Library",
        "Location",
        "Medication",
        "Organization",
        "PlanDefinition",
        "Practitioner",
        "PractitionerRole",
        "Questionnaire",
        "Substance",
    }
)
# What names several people would disclose them to each other.
_OF_SEVERAL: Final = frozenset({"Group"})


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a person's record is asked for, and how much of it at once."""

    patient: Key
    types: frozenset[str]
    since: datetime
    begins: int
    ends: int
    count: int

    @property
    def fingerprint(self) -> bytes:
        """Tell apart what does not continue one another."""
        told = (self.patient, sorted(self.types), self.since, self.begins, self.ends)
        return sha256(repr(told).encode()).digest()

    def holds(self, mention: Mention) -> bool:
        """Tell whether a resource is asked for; one without a date of care always is."""
        if mention.key.type in _OF_SEVERAL:
            return False
        is_of_type = not self.types or mention.key.type in self.types
        is_dated = mention.begins != mention.ends
        overlaps = mention.begins < self.ends and mention.ends > self.begins
        return is_of_type and mention.updated >= self.since and (overlaps or not is_dated)

    def place(self, mention: Mention) -> tuple[int, int, str, str]:
        """Place a resource in the story: the person, then by dates; what has none comes before."""
        key = mention.key
        return int(key != self.patient), mention.begins, key.id, key.type


async def everything(reading: Reading, call: Call) -> FhirResponse:
    """Give one page of a person's record, and a link to the next.

    :raises NotFound: when there is no such person, or the caller may not see them.
    :raises Gone: when the person's resource was deleted.
    :raises InvalidSearch: for an unknown type, or a page key that belongs elsewhere.
    """
    patient = await required(reading, Key("Patient", call.request.id or ""))
    asked = _asked(patient.key, call.inputs, call.context.zone)
    story = await _story(reading, patient.version, asked)
    left = _after(story, call.inputs.one("_page"), asked, reading)
    page = left[: asked.count]
    versions = await reading.read_mentioned(page)
    bodies = [
        (each.key, version.body)
        for each in page
        if (version := versions.get(each.key)) is not None and version.body is not None
    ]
    included = await _around([body for _, body in bodies], reading, call)
    more = page[-1] if len(left) > len(page) else None
    entries = [(f"{call.context.base}/{key}", body) for key, body in bodies]
    links = [("self", _link(call, call.inputs.one("_page")))]
    if more is not None:
        first, begins, logical_id, resource_type = asked.place(more)
        key = PageKey((first, begins), logical_id, resource_type)
        at = sign(key, asked, reading.access.tenant, reading.paging_key)
        links.append(("next", _link(call, at)))
    around = ((f"{call.context.base}/{each.key}", each.body or b"") for each in included)
    return FhirResponse(200, searchset(entries, links, total=len(story), included=around))


def _asked(patient: Key, inputs: Inputs, zone: tzinfo) -> Asked:
    types = frozenset(text for value in inputs.many("_type") for text in value.split(","))
    unknown = sorted(types - TYPE_CODE.keys())
    if unknown:
        raise InvalidSearch(f"_type names no resource type: {', '.join(unknown)}.")
    since, start, end = inputs.one("_since"), inputs.one("start"), inputs.one("end")
    return Asked(
        patient,
        types,
        datetime.fromisoformat(since) if since else datetime.min.replace(tzinfo=UTC),
        date_range(start, zone)[0] if start else MIN_TIME,
        date_range(end, zone)[1] if end else MAX_TIME,
        min(max(inputs.one("_count") or _MOST, 1), _MOST),
    )


async def _story(reading: Reading, patient: Version, asked: Asked) -> list[Mention]:
    """List all of it in its order."""
    mentions = await reading.mentions([patient.key])
    reviews = await _reviews(reading, mentions)
    about = [each for each in mentions if each.key not in reviews]
    said = await reading.mentions([each.key for each in about], "Provenance")
    own = Mention(patient.key, patient.pk, MIN_TIME, MIN_TIME, patient.updated)
    found = {each.key: each for each in (*about, *said)} | {patient.key: own}
    return sorted(filter(asked.holds, found.values()), key=asked.place)


async def _reviews(reading: Reading, about: Sequence[Mention]) -> set[Key]:
    """Find the Tasks that ask which of several people is meant: they are in nobody's record."""
    ids = [each.key.id for each in about if each.key.type == "Task"]
    if not ids:
        return set()
    code = f"{review.CODE['system']}|{review.CODE['code']}"
    found = await find(reading, "Task", ("code", code), ("_id", ",".join(ids)))
    return {each.key for each in found}


def _after(
    story: Sequence[Mention], page: str | None, asked: Asked, reading: Reading
) -> Sequence[Mention]:
    if page is None:
        return story
    key = verify(page, asked, reading.access.tenant, reading.paging_key)
    # Sought by place, not by name: the resource may have been deleted since.
    return [each for each in story if asked.place(each) > (*key.values, key.id, key.type)]


async def _around(bodies: Iterable[bytes], reading: Reading, call: Call) -> list[Version]:
    wanted: dict[str, set[str]] = {}
    for body in bodies:
        for resource_type, logical_id in Links(read(body)).local_targets(call.context.bases):
            if resource_type in _AROUND:
                wanted.setdefault(resource_type, set()).add(logical_id)
    found = [await reading.read_many(name, sorted(ids)) for name, ids in sorted(wanted.items())]
    return [each for versions in found for each in versions.values() if each.body is not None]


def _link(call: Call, page: str | None) -> str:
    pairs = [(name, value) for name, value in call.request.query if name != "_page"]
    if call.request.resource is not None:
        # What was asked for in the body stands in the address of the other pages.
        given = ((name, str(each)) for name, found in call.inputs.values.items() for each in found)
        pairs += [pair for pair in given if pair[0] != "_page"]
    if page is not None:
        pairs.append(("_page", page))
    url = f"{call.context.base}/Patient/{call.request.id}/$everything"
    return f"{url}?{urlencode(pairs)}" if pairs else url


EVERYTHING: Final = Operation(
    code="everything",
    level="instance",
    types=("Patient",),
    handle=everything,
    opens="snapshot",
    affects_state=False,
    description="Give all that the record holds about one person, in the order of its time.",
    parameters=(
        Parameter("start", "in", "date", "Nothing whose care ended before this day."),
        Parameter("end", "in", "date", "Nothing whose care began after this day."),
        Parameter("_since", "in", "instant", "Nothing that did not change since."),
        Parameter("_type", "in", "code", "Only these types, parted by commas.", max=None),
        Parameter("_count", "in", "integer", f"How much at once, at most {_MOST:,}."),
        Parameter("_page", "in", "string", "The key of a page, from a link."),
        Parameter("return", "out", "Bundle", "A searchset.", min=1),
    ),
)
