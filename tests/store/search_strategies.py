"""Small resources and searches that are likely to meet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.store.measured_strategies import ASKED, observations, risks, sequences

Draw = st.DrawFn
DATES = (
    "2024", "2025", "2025-01", "2025-02", "2025-01-31", "2025-02-01", "2025-02-01T10:00:00Z",
    "2025-02-01T10:00:00.5+01:00", "2024-12-31", "2025-12-31T23:59:59-05:00", "1930-05-05", "9999",
)  # fmt: skip
PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
SYSTEMS = ("http://a.example", "http://b.example")
CODES = ("a", "A", "b", "a|b")
WORDS = ("Anna", "ANNE", "Berg", "van der Berg", "O'Brien", "Émile", "Ann", "Bergman")
REFERENCES = (
    "Practitioner/1", "Practitioner/2/_history/1", "Organization/1", "https://x.example/Practitioner/1",
    "urn:uuid:6c1f8c2e-3d1a-4f59-9a36-1f1d6f0a1b2c",
)  # fmt: skip
SOURCES = (
    "urn:x", "http://source.example", "http://source.example/", "http://source.example/a_b",
    "http://source.example/a/b", "http://source.example/ab", "HTTP://source.example/a",
)  # fmt: skip
dates = st.sampled_from(DATES)


def _maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


codings = _maybe(
    system=st.sampled_from(SYSTEMS), code=st.sampled_from(CODES), display=st.sampled_from(WORDS)
)
identifiers = st.lists(
    _maybe(
        system=st.sampled_from(SYSTEMS),
        value=st.sampled_from(CODES),
        type=_maybe(
            text=st.sampled_from(WORDS), coding=st.lists(codings.filter(bool), min_size=1)
        ).filter(bool),
    ),
    min_size=1,
    max_size=2,
)
periods = _maybe(start=dates, end=dates).filter(
    lambda p: bool(p) and p.get("start", "0") <= p.get("end", "9")
)
references = st.one_of(
    st.builds(lambda text: {"reference": text}, st.sampled_from(REFERENCES)),
    st.builds(lambda value: {"identifier": value}, identifiers.map(lambda found: found[0])),
)
updates = st.integers(0, 20).map(
    lambda n: datetime(2025, 2, 1, 9, 59, 59, tzinfo=UTC) + timedelta(milliseconds=250 * n)
)
_names = _maybe(
    text=st.sampled_from(WORDS[:3]),
    family=st.sampled_from(WORDS),
    given=st.lists(st.sampled_from(WORDS[:3]), min_size=1, max_size=2),
).filter(bool)
patients = _maybe(
    meta=_maybe(
        tag=st.lists(codings.filter(bool), min_size=1, max_size=2),
        source=st.sampled_from(SOURCES),
    ).filter(bool),
    identifier=identifiers,
    active=st.booleans(),
    gender=st.sampled_from(("male", "female")),
    name=st.lists(_names, min_size=1, max_size=2),
    telecom=st.lists(
        st.fixed_dictionaries(
            {
                "system": st.sampled_from(("phone", "email")),
                "value": st.sampled_from(("1 A", "1 a")),
            }
        ),
        min_size=1,
        max_size=2,
    ),
    birthDate=st.sampled_from([text for text in DATES if len(text) <= 10]),
    deceasedDateTime=dates,
    generalPractitioner=st.lists(references, min_size=1, max_size=2),
    managingOrganization=st.just({"reference": "Organization/1"}),
    link=st.lists(
        st.sampled_from(("Patient/p0", "Patient/p1", "Patient/none")).map(
            lambda text: {"type": "seealso", "other": {"reference": text}}
        ),
        min_size=1,
        max_size=2,
    ),
)
encounters = st.builds(
    lambda required, optional: required | optional,
    st.fixed_dictionaries(
        {"status": st.sampled_from(("planned", "finished")), "class": codings.filter(bool)}
    ),
    _maybe(
        identifier=identifiers,
        subject=st.sampled_from(("Patient/p0", "Patient/p1", "Group/1")).map(
            lambda text: {"reference": text}
        ),
        period=periods,
        partOf=st.sampled_from(("e2", "e3", "e4", "e5/_history/1")).map(
            lambda text: {"reference": f"Encounter/{text}"}
        ),
        location=st.lists(
            st.builds(
                lambda place, rest: {"location": {"reference": place}} | rest,
                st.sampled_from(("Location/1", "Location/2")),
                _maybe(period=periods),
            ),
            min_size=1,
            max_size=3,
        ),
    ),
)


@st.composite
def worlds(draw: Draw) -> tuple[list[dict[str, Any]], dict[str, datetime]]:
    """Draw resources of each type, with the time of each one's last update."""
    kinds = (
        (("Patient", "p"), patients),
        (("Encounter", "e"), encounters),
        (("Observation", "o"), observations),
        (("RiskAssessment", "r"), risks),
        (("MolecularSequence", "m"), sequences),
    )
    drawn = [
        (kind, each)
        for kind, resources in kinds
        for each in draw(st.lists(resources, min_size=2, max_size=8))
    ]
    resources = [
        {"resourceType": name, "id": f"{letter}{place}", **each}
        for place, ((name, letter), each) in enumerate(drawn)
    ]
    return resources, {each["id"]: draw(updates) for each in resources}


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


tokens = st.one_of(
    st.sampled_from(CODES).map(_escaped),
    st.builds(
        lambda system, code: f"{system}|{_escaped(code)}",
        st.sampled_from(("", *SYSTEMS)),
        st.sampled_from(CODES),
    ),
    st.sampled_from(SYSTEMS).map(lambda system: f"{system}|"),
)
moments = st.builds(lambda prefix, text: prefix + text, st.sampled_from(PREFIXES), dates)
texts = st.sampled_from(("an", "ann", "anne", "berg", "van d", "obrien", "emile", "e", "b", "Berg"))
targets = st.sampled_from(
    ("1", "2", "Practitioner/1", "Practitioner/2", "Organization/1", *REFERENCES[3:])
)


typed = st.builds(
    lambda system, code, value: f"{system}|{_escaped(code)}|{_escaped(value)}",
    *(st.sampled_from(each) for each in (SYSTEMS, CODES, CODES)),
)


def _one(
    names: str, values: st.SearchStrategy[str], *modifiers: str
) -> st.SearchStrategy[tuple[str, str]]:
    asked = st.sampled_from([name + each for name in names.split() for each in ("", *modifiers)])
    return st.tuples(asked, st.lists(values, min_size=1, max_size=2).map(",".join))


def _missing(names: str) -> st.SearchStrategy[tuple[str, str]]:
    asked = st.sampled_from([f"{name}:missing" for name in names.split()])
    return st.tuples(asked, st.sampled_from(("true", "false")))


_ids = st.sampled_from(("p0", "p1", "p2", "e3", "e4", "none"))
_stamps = st.sampled_from(
    ("2025-02-01T10:00:00Z", "2025-02-01T09:59:59.500Z", "2025-02-01", "2025-02-01T10:00Z")
)
_updated = st.builds(lambda prefix, text: prefix + text, st.sampled_from(PREFIXES), _stamps)
_common = (_one("_id", _ids, ":not"), _one("_lastUpdated", _updated))
CRITERIA = {
    "Patient": st.one_of(
        *_common,
        _one("identifier _tag", tokens, ":not"),
        _one("_source", st.sampled_from(SOURCES)),
        _one("_source:above _source:below", st.sampled_from(SOURCES[1:-1])),
        _one("_source:contains", st.sampled_from((*SOURCES, "a", "a_", "ample/a", "%", "E/A"))),
        _one("_tag:text identifier:text", texts),
        _one("identifier:of-type", typed),
        _one("gender", st.sampled_from(("male", "female", "other")), ":not"),
        _one("active", st.sampled_from(("true", "FALSE")), ":not"),
        _one("phone", st.sampled_from(("1 a", "2")), ":not"),
        _one("family given name", texts, ":exact", ":contains"),
        _one("birthdate death-date", moments),
        _one("general-practitioner", targets),
        _one("general-practitioner:Practitioner general-practitioner:Organization", st.just("1")),
        _one("general-practitioner:identifier", tokens),
        _missing("identifier active name birthdate death-date general-practitioner _tag _id"),
    ),
    "Encounter": st.one_of(
        *_common,
        _one("identifier class", tokens, ":not"),
        _one("status", st.sampled_from(("planned", "finished")), ":not"),
        _one("class:text identifier:text", texts),
        _one("date location-period", moments),
        _one("subject patient", st.sampled_from(("p0", "Patient/p1", "Patient/none"))),
        _one("location", st.sampled_from(("1", "Location/2"))),
        _missing("status class date location location-period subject patient _lastUpdated"),
    ),
}
CRITERIA |= {
    name: st.one_of(
        *(_one(names, values) for names, values in asked),
        _missing(" ".join(names for names, _ in asked)),
    )
    for name, asked in ASKED.items()
}
_STEPS: dict[str, dict[str, str]] = {
    "Patient": {
        "link:Patient.": "Patient",
        "_has:Encounter:subject:": "Encounter",
        "_has:Encounter:patient:": "Encounter",
        "_has:Patient:link:": "Patient",
        "_has:Encounter:patient:_has:Encounter:part-of:": "Encounter",
    },
    "Encounter": {
        "subject:Patient.": "Patient",
        "patient:Patient.": "Patient",
        "part-of.": "Encounter",
        "part-of:Encounter.subject:Patient.": "Patient",
        "_has:Encounter:part-of:": "Encounter",
    },
}


@st.composite
def chains(draw: Draw, name: str) -> tuple[str, str]:
    """Draw a criterion of a type, or of what it leads to."""
    path = ""
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2)))):
        if name not in _STEPS:
            break
        step = draw(st.sampled_from(sorted(_STEPS[name])))
        path, name = path + step, _STEPS[name][step]
    last, text = draw(CRITERIA[name])
    return path + last, text


_SORTS = {
    "Patient": ("_id", "_lastUpdated", "birthdate", "death-date", "family", "name"),
    "Encounter": ("_id", "_lastUpdated", "date", "location-period"),
    **dict.fromkeys(ASKED, ("_id", "_lastUpdated")),
}


@st.composite
def searches(draw: Draw) -> tuple[str, list[tuple[str, str]]]:
    """Draw a type and the parameters of a search."""
    name = draw(st.sampled_from(sorted(CRITERIA)))
    pairs = draw(st.lists(chains(name), max_size=2))
    keys = st.tuples(st.sampled_from(("", "-")), st.sampled_from(_SORTS[name])).map("".join)
    sort = draw(st.lists(keys, max_size=2, unique_by=lambda key: key.removeprefix("-")))
    count = draw(st.integers(1, 4))
    return name, [*pairs, *([("_sort", ",".join(sort))] if sort else []), ("_count", str(count))]
