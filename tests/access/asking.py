"""Random requests: everything that the CapabilityStatement names, about all that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.access.population import NAMES, Planned, content
from tests.access.vocabulary import Ask
from tests.access.writing import Writing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random


class Asking(Writing):
    """Draws requests, one after the other; with a focus all of one sort."""

    def __init__(self, rng: Random, statement: Mapping[str, Any], focus: str | None = None) -> None:
        super().__init__(rng, statement)
        self._sorts: dict[str, Callable[[], Ask]] = {
            "search": self._search,
            "chain": self._chained,
            "has": self._having,
            "include": self._including,
            "canonical": self._by_canonical,
            "page": self._page,
            "system": self._of_several,
            "compartment": self._compartment,
            "read": self._read,
            "vread": self._vread,
            "history": self._history,
            "history-of-all": self._history_of_all,
            "everything": self._everything,
            "lastn": self._lastn,
            "match": self._match,
            "meta": self._meta,
            "validate": self._validate,
            "expand": self._expand,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "conditional": self._conditional,
            "bundle": self._bundle,
            "audit": self._audit,
            "audit-has": self._having_events,
            "audit-beside": self._including_events,
            "audit-chain": self._chained_events,
            "error": self._error,
        }
        weights = {"search": 6, "page": 6, "include": 2, "system": 2, "compartment": 2}
        names = [focus] if focus else list(self._sorts)
        self._names = [name for name in names for _ in range(weights.get(name, 1))]
        if focus in {"search", "history-of-all"}:
            self._names.append("page")

    def next(self) -> Ask:
        """Draw a request."""
        return self._sorts[self._rng.choice(self._names)]()

    # Reads.

    def _read(self) -> Ask:
        name = self._type()
        headers = ((), (), (("if-none-match", 'W/"1"'),))
        shown = self._rng.choice(("", "", "?_summary=true", "?_elements=status"))
        method = self._rng.choice(("GET", "GET", "HEAD"))
        return Ask(method, f"{name}/{self._id(name)}{shown}", self._rng.choice(headers))

    def _vread(self) -> Ask:
        name = self._rng.choice(("Observation", self._type()))
        return Ask("GET", f"{name}/{self._id(name)}/_history/{self._rng.choice((1, 1, 2, 3))}")

    def _history(self) -> Ask:
        name = self._rng.choice(("Observation", self._type()))
        return Ask("GET", f"{name}/{self._id(name)}/_history{self._of_time()}")

    def _history_of_all(self) -> Ask:
        name = self._rng.choice(("", f"{self._type()}/"))
        return Ask("GET", f"{name}_history{self._of_time()}")

    def _of_time(self) -> str:
        rng = self._rng
        pairs = [("_count", str(rng.choice((1, 3, 10, 1000))))]
        if rng.random() < 0.4:
            moment = f"2026-03-01T12:0{rng.randrange(5)}:00Z"
            pairs.append((rng.choice(("_since", "_at")), moment))
        return f"?{urlencode(pairs)}"

    # Operations.

    def _everything(self) -> Ask:
        rng = self._rng
        pairs = rng.choice(
            ([], [("_count", "3")], [("_type", "Observation,Condition")], [("start", "2025-01-15")])
        )
        query = f"?{urlencode(pairs)}" if pairs else ""
        return Ask("GET", f"Patient/{self._id('Patient')}/$everything{query}")

    def _lastn(self) -> Ask:
        pairs = [("max", str(self._rng.choice((1, 2))))] if self._rng.random() < 0.5 else []
        pairs.append(
            self._rng.choice((("patient", self._id("Patient")), self._criterion("Observation")))
        )
        return Ask("GET", f"Observation/$lastn?{urlencode(pairs)}")

    def _match(self) -> Ask:
        wanted = content(self._rng, Planned("Patient", "p0", "p0"))
        wanted.pop("id")
        given = [{"name": "resource", "resource": wanted}]
        return Ask(
            "POST", "Patient/$match", body={"resourceType": "Parameters", "parameter": given}
        )

    def _meta(self) -> Ask:
        name = self._type()
        return Ask(
            "GET", self._rng.choice(("$meta", f"{name}/$meta", f"{name}/{self._id(name)}/$meta"))
        )

    def _validate(self) -> Ask:
        name = self._rng.choice(("Patient", "Observation", "Encounter"))
        mode = self._rng.choice(("delete", "update", "create"))
        address = f"{name}/{self._id(name)}/$validate?mode={mode}"
        return (
            Ask("GET", address)
            if mode == "delete"
            else Ask("POST", address, body=self._draft(name))
        )

    def _expand(self) -> Ask:
        return Ask("GET", "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/observation-status")

    def _bundle(self) -> Ask:
        rng = self._rng
        kinds = [self._read, self._search, self._create, self._update, self._delete, self._history]
        asks = [rng.choice(kinds)() for _ in range(rng.choice((1, 2, 4)))]
        entries = [
            self._entry(each, n) for n, each in enumerate(asks) if "/_search" not in each.target
        ]
        kind = rng.choice(("batch", "transaction"))
        return Ask("POST", "", body={"resourceType": "Bundle", "type": kind, "entry": entries})

    def _entry(self, asked: Ask, number: int) -> dict[str, Any]:
        request = {"method": asked.method, "url": asked.target}
        if asked.body is None:
            return {"request": request}
        draft = dict(asked.body)
        if self._rng.random() < 0.2 and asked.method == "POST" and "subject" in draft:
            draft["subject"] = {"reference": f"Patient?name={self._rng.choice(NAMES)}"}
        return {
            "fullUrl": f"urn:uuid:00000000-0000-4000-8000-00000000000{number}",
            "resource": draft,
            "request": request,
        }

    def _audit(self) -> Ask:
        rng = self._rng
        name = rng.choice(
            (
                "patient", "entity", "_lastUpdated", "subtype", "action", "outcome", "agent",
                "action:not", "patient.gender", "entity:Observation.status", "agent.family:missing",
            )
        )  # fmt: skip
        value = {
            "patient": f"Patient/{self._id('Patient')}",
            "entity": f"Observation/{self._id('Observation')}",
            "_lastUpdated": "ge2026-03-01T12:00:00Z",
            "subtype": rng.choice(("read", "update", "create")),
            "action": rng.choice("CRUDE"),
            "outcome": rng.choice(("0", "4")),
            "agent": "Practitioner/d0",
            "action:not": rng.choice("CRUDE"),
            "patient.gender": rng.choice(("female", "male")),
            "entity:Observation.status": rng.choice(("final", "preliminary")),
            "agent.family:missing": rng.choice(("true", "false")),
        }[name]
        pairs = [(name, value), *self._result("AuditEvent", sorts=False)]
        if rng.random() < 0.3:
            pairs.append(("_include", f"AuditEvent:{rng.choice(('patient', 'entity', 'agent'))}"))
        return Ask("GET", f"AuditEvent?{urlencode(pairs)}")

    def _having_events(self) -> Ask:
        """Ask for what AuditEvents tell of, of the service that may read them."""
        rng = self._rng
        name, code = rng.choice(
            (
                ("Patient", "patient"), ("Patient", "entity"), ("Observation", "entity"),
                ("Encounter", "entity"), ("Patient", "agent"), ("Practitioner", "agent"),
                ("AuditEvent", "entity"),
            )
        )  # fmt: skip
        asked, text = self._of_event()
        pairs = [(f"_has:AuditEvent:{code}:{asked}", text)]
        if name == "AuditEvent":
            return Ask("GET", f"AuditEvent?{urlencode([*pairs, ('_count', '1000')])}")
        pairs += [("_total", "accurate"), ("_count", "1000")]
        return Ask("GET", f"?{urlencode([('_type', name), *pairs])}")

    def _including_events(self) -> Ask:
        """Ask for AuditEvents beside what they tell of, and beside one another."""
        rng = self._rng
        name, code = rng.choice(
            (
                ("Patient", "patient"), ("Patient", "entity"), ("Observation", "entity"),
                ("Encounter", "entity"), ("Patient", "agent"), ("Practitioner", "agent"),
            )
        )  # fmt: skip
        pairs = [("_type", name), ("_revinclude", f"AuditEvent:{code}")]
        if rng.random() < 0.6:
            pairs.append(("_id", self._id(name)))
        if rng.random() < 0.3:
            of = rng.choice(("_include:iterate", "_revinclude:iterate"))
            pairs.append((of, "AuditEvent:entity"))
        return Ask("GET", f"?{urlencode(pairs)}")

    def _chained_events(self) -> Ask:
        asked, text = self._of_event()
        pairs = [(f"entity:AuditEvent.{asked}", text), ("_count", "1000")]
        return Ask("GET", f"AuditEvent?{urlencode(pairs)}")

    def _of_event(self) -> tuple[str, str]:
        rng = self._rng
        return rng.choice(
            (
                ("action", rng.choice("CRUDE")),
                ("subtype", rng.choice(("read", "update", "create"))),
                ("outcome", rng.choice(("0", "4"))),
                ("date", f"ge2026-03-01T12:0{rng.randrange(2)}:{rng.randrange(60):02}Z"),
                ("agent", rng.choice(("Practitioner/d0", "Practitioner/d1", "Patient/p0"))),
                ("entity", f"Observation/{self._id('Observation')}"),
                ("entity", f"CarePlan/x{rng.randrange(12)}"),
                ("patient", f"Patient/{self._id('Patient')}"),
                ("patient.gender", rng.choice(("female", "male"))),
            )
        )

    def _error(self) -> Ask:
        name = self._type()
        return self._rng.choice(
            (
                Ask("GET", f"{name}?unknown=1"),
                Ask("GET", f"{name}?_id:exact=1"),
                Ask("GET", f"{name}?_page=abc"),
                Ask("POST", name, body={"resourceType": name, "id": 7}),
                Ask("PUT", f"{name}/{self._id(name)}", body={"resourceType": "Patient", "id": "q"}),
                Ask("GET", f"Patient/{self._id('Patient')}/$everything?_type=None"),
            )
        )
