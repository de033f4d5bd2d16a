"""Random searches, of every kind that is served."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from tests.access.population import CODES, SYSTEM
from tests.access.vocabulary import LETTER, LIKELY, TYPES, Ask, Pairs, Vocabulary

_SORTED: Final = frozenset({"date", "string", "number", "quantity", "token", "reference", "uri"})


class Searching(Vocabulary):
    """Draws searches."""

    def _result(self, resource_type: str, *, sorts: bool = True) -> Pairs:
        rng = self._rng
        pairs = [("_count", str(rng.choice((1, 2, 3, 5))))] if rng.random() < 0.7 else []
        if sorts and rng.random() < 0.5:
            sortable = [n for n, k in self._served[resource_type].parameters if k in _SORTED]
            likely = [each for each in sortable if each in LIKELY] or sortable
            keys = [
                rng.choice(("", "-")) + rng.choice(likely) for _ in range(rng.choice((1, 1, 2)))
            ]
            pairs.append(("_sort", ",".join(dict.fromkeys(keys))))
        if rng.random() < 0.4:
            pairs.append(("_total", rng.choice(("none", "estimate", "accurate"))))
        if rng.random() < 0.15:
            pairs.append(("_summary", rng.choice(("count", "true", "text", "data"))))
        elif rng.random() < 0.1:
            pairs.append(("_elements", "status,identifier"))
        return pairs

    def _searched(self, resource_type: str, pairs: Pairs, address: str | None = None) -> Ask:
        target = address or resource_type
        if self._rng.random() < 0.15:
            form = (("content-type", "application/x-www-form-urlencoded"),)
            return Ask("POST", f"{target}/_search", form, urlencode(pairs))
        return Ask("GET", f"{target}?{urlencode(pairs)}" if pairs else target)

    def _search(self) -> Ask:
        name = self._type()
        pairs = [self._criterion(name) for _ in range(self._rng.choice((0, 0, 1, 1, 2)))]
        return self._searched(name, pairs + self._result(name))

    def _chained(self) -> Ask:
        steps = self._rng.choice(
            (
                ("Observation", "subject:Patient", "Patient"),
                ("Observation", "encounter", "Encounter"),
                ("Observation", "performer:Organization", "Organization"),
                ("Observation", "performer:Practitioner", "Practitioner"),
                ("Observation", "encounter.service-provider", "Organization"),
                ("Encounter", "service-provider", "Organization"),
                ("Encounter", "subject:Patient.organization", "Organization"),
                ("Condition", "encounter", "Encounter"),
                ("Patient", "organization", "Organization"),
                ("Patient", "general-practitioner:Practitioner", "Practitioner"),
                ("Provenance", "agent:Practitioner", "Practitioner"),
            )
        )
        criterion, value = self._criterion(steps[2])
        pairs = [(f"{steps[1]}.{criterion}", value)]
        return self._searched(steps[0], pairs + self._result(steps[0]))

    def _having(self) -> Ask:
        name, by, target = self._rng.choice(
            (
                ("Observation", "subject", "Patient"),
                ("Observation", "patient", "Patient"),
                ("Condition", "subject", "Patient"),
                ("Condition", "encounter", "Encounter"),
                ("Observation", "encounter", "Encounter"),
                ("CarePlan", "subject", "Patient"),
                ("Observation", "performer", "Practitioner"),
                ("Observation", "performer", "Organization"),
                ("Encounter", "service-provider", "Organization"),
                ("Patient", "general-practitioner", "Practitioner"),
                ("Basic", "subject", "Observation"),
                ("Provenance", "target", "Patient"),
                ("RequestGroup", "participant", "Patient"),
            )
        )
        pair = self._criterion(name) if name in LETTER else ("code", self._rng.choice(CODES))
        return self._searched(
            target, [(f"_has:{name}:{by}:{pair[0]}", pair[1]), *self._result(target)]
        )

    def _including(self) -> Ask:
        rng = self._rng
        name = rng.choice(("Patient", "Encounter", "Observation", "Condition", "Provenance"))
        pairs: Pairs = []
        for _ in range(rng.choice((1, 1, 2, 3))):
            of, which = rng.choice((("_include", "includes"), ("_revinclude", "revincludes")))
            listed = [
                each
                for other in ((name,) if rng.random() < 0.6 else TYPES)
                for each in getattr(self._served[other], which)
                if each.partition(":")[0] in LETTER or each.partition(":")[0] == "Basic"
            ]
            if listed:
                pairs.append((of + rng.choice(("", ":iterate")), rng.choice(listed)))
        return self._searched(name, pairs + self._result(name))

    def _by_canonical(self) -> Ask:
        """Follow canonical addresses, from plans to definitions and back."""
        rng = self._rng
        code = "instantiates-canonical"
        about = rng.choice((("status", rng.choice(("draft", "active"))), ("title", "Ann")))
        name, pair = rng.choice(
            (
                ("CarePlan", (f"{code}:PlanDefinition.{about[0]}", about[1])),
                ("CarePlan", (f"{code}.{about[0]}", about[1])),
                ("CarePlan", ("_include", f"CarePlan:{code}")),
                ("PlanDefinition", (f"_has:CarePlan:{code}:category", rng.choice(CODES))),
                ("PlanDefinition", (f"_has:CarePlan:{code}:_id", f"x{rng.randrange(12)}")),
                ("PlanDefinition", ("_revinclude", f"CarePlan:{code}")),
            )
        )
        return self._searched(name, [pair, *self._result(name)])

    def _page(self) -> Ask:
        return Ask(
            "GET", "", relation=self._rng.choice(("next", "next", "next", "previous", "self"))
        )

    def _of_several(self) -> Ask:
        rng = self._rng
        pairs: Pairs = []
        if rng.random() < 0.7:
            pairs.append(("_type", ",".join({self._type() for _ in range(3)} - {"AuditEvent"})))
        if rng.random() < 0.5:
            code = rng.choice((SYSTEM + "|", "")) + rng.choice(CODES)
            pairs.append(
                rng.choice(
                    (("_tag", code), ("_id", self._id("Patient")), ("_lastUpdated", "ge2026"))
                )
            )
        if rng.random() < 0.2:
            pairs.append(("_has:Provenance:target:recorded", "ge2020"))
        pairs.append(("_count", str(rng.choice((1, 2, 5, 20)))))
        if rng.random() < 0.5:
            keys = ("_id", "-_id", "_lastUpdated", "-_lastUpdated", "_tag", "patient", "-date")
            pairs.append(("_sort", rng.choice(keys)))
        if rng.random() < 0.3:
            beside = (("_include", "Encounter:service-provider"), ("_revinclude", "Basic:subject"))
            pairs.append(rng.choice(beside))
        if rng.random() < 0.3:
            pairs.append(("_total", "accurate"))
        return Ask("GET", f"?{urlencode(pairs)}")

    def _compartment(self) -> Ask:
        rng = self._rng
        around = rng.choice(("Patient", "Patient", "Encounter", "Practitioner"))
        name = rng.choice(("Observation", "Condition", "Encounter", "CarePlan", "*"))
        address = f"{around}/{self._id(around)}/{name}"
        if name == "*":
            return Ask("GET", f"{address}?_count={rng.choice((1, 3, 50))}")
        pairs = [self._criterion(name)] if rng.random() < 0.5 else []
        return self._searched(name, pairs + self._result(name), address)
