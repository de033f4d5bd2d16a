"""Values of the types of R4, from few parts, so that many are nearly the same.

https://hl7.org/fhir/R4/datatypes.html
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

Json = Any

BASE: Final = "http://here.example/fhir"
SYSTEMS: Final = ("http://a.example", "http://b.example", "urn:oid:1.2.3")
CODES: Final = ("a", "A", "b", "c", "a|b", "x,y", "ß", "$1", "back\\slash")
WORDS: Final = (
    "Anna", "ANNE", "Ann", "Berg", "Bergmann", "van der Berg", "Smith-Jones", "O'Brien", "Émile",
    "Emile", "E\u0301mile", "İpek", "ipek", "\u0131rmak", "IRMAK", "Straße", "STRASSE", "strasse",
    "山田 太郎", "山田", "ﾔﾏﾀﾞ", "🙂 smile", "🙂", "Ünal", "Unal", "a  b", "Ångström", "Dž", "ﬁn",
    "Ørsted", "de la Cruz", "-", "100%", "a_b", "Łukasz", "Αθήνα", "ΑΘΗΝΑΣ", "αθηνασ",
)  # fmt: skip
DATES: Final = (
    "2024", "2025", "2025-01", "2025-02", "2025-01-31", "2025-02-01", "2025-02-02", "2025-03-30",
    "2025-10-26", "1930-05-05", "9999", "9999-12-31", "0001", "2024-02-29", "2024-12-31",
)  # fmt: skip
TIMES: Final = (
    "2025-02-01T10:00:00Z", "2025-02-01T10:00:00.5+01:00", "2025-02-01T11:00:00+01:00",
    "2025-02-01T09:59:59.999Z", "2025-01-31T23:30:00-05:00", "2025-02-01T00:00:00+14:00",
    "2025-12-31T23:59:59-05:00", "2025-02-01T10:00:00.000001Z", "2026-03-01T12:00:00Z",
    "2025-03-30T02:30:00+01:00", "2025-10-26T02:30:00+02:00", "2025-02-01T10:00:00.500Z",
)  # fmt: skip
NUMBERS: Final = (
    "1", "1.0", "1.00", "100", "100.0", "1e2", "99.5", "100.4999", "100.5", "0.1", "0.10", "0",
    "-1", "0.30000000000000004", "5.4", "5400", "5.40", "0.0054", "1.5E1", "98.6", "37", "37.0",
    "453.59237", "0.99", "1.05", "95", "105", "12345678901234567890.123",
)  # fmt: skip
UNITS: Final = (
    ("http://unitsofmeasure.org", "mg", "mg"), ("http://unitsofmeasure.org", "g", "gram"),
    ("http://unitsofmeasure.org", "[lb_av]", "lb"), ("http://unitsofmeasure.org", "Cel", None),
    ("http://unitsofmeasure.org", "[degF]", "F"), ("http://unitsofmeasure.org", "kg", "kg"),
    ("http://unitsofmeasure.org", "[iU]", "IU"), ("http://unitsofmeasure.org", "%", "%"),
    ("http://unitsofmeasure.org", "{score}", "score"), ("http://b.example", "mg", "mg"),
    (None, None, "mg"), (None, "g", None), (None, None, None),
)  # fmt: skip
URLS: Final = (
    "http://c.example/Q", "http://c.example/Q/a", "http://c.example/Q/a/b", "http://c.example/Qa",
    "http://c.example/Q/", "HTTP://c.example/Q", "urn:uuid:6c1f8c2e-3d1a-4f59-9a36-1f1d6f0a1b2c",
    "urn:oid:1.2.3.4", "http://c.example", "http://c.example/100%/a_b",
)  # fmt: skip
ELSEWHERE: Final = (
    "https://x.example/{}/1", "https://x.example/fhir/{}/1/_history/3", "{}/nobody",
    "urn:uuid:6c1f8c2e-3d1a-4f59-9a36-1f1d6f0a1b2c", "#inside", "https://x.example/other",
)  # fmt: skip


class Digits(str):
    """A number in the digits that are sent."""

    __slots__ = ()


def written(tree: Json) -> str:
    """Write JSON, with the digits of numbers as they are."""
    if isinstance(tree, Digits):
        return str(tree)
    if isinstance(tree, dict):
        return f"{{{','.join(f'{json.dumps(k)}:{written(v)}' for k, v in tree.items())}}}"
    if isinstance(tree, list):
        return f"[{','.join(map(written, tree))}]"
    return json.dumps(tree, ensure_ascii=False)


class Values:
    """Makes values; `names` are the types and ids of the record's resources."""

    def __init__(self, random: Random, names: Sequence[str]) -> None:
        self.random, self.names = random, names

    def often(self, make: Callable[[], Json], share: float = 0.6) -> Json:
        """Make a value, or none."""
        return make() if self.random.random() < share else None

    def some(self, make: Callable[[], Json], most: int = 3) -> list[Json]:
        """Make a list of a few."""
        return [make() for _ in range(self.random.randint(1, most))]

    def pick(self, *choices: Json) -> Json:
        """Choose one."""
        return self.random.choice(choices)

    def word(self) -> str:
        found: str = self.random.choice(WORDS)
        return found

    def truth(self) -> bool:
        return self.random.random() < 0.5

    def unique(self) -> str:
        return f"http://c.example/vs/{self.random.randrange(10**9)}"

    def code(self) -> Json:
        return self.random.choice(CODES[:4] if self.random.random() < 0.7 else CODES)

    def coding(self) -> Json:
        found = filled(
            system=self.often(lambda: self.pick(*SYSTEMS), 0.8),
            code=self.often(self.code, 0.9),
            display=self.often(self.word),
        )
        return found or {"code": "a"}

    def concept(self) -> Json:
        found = filled(
            coding=self.often(lambda: self.some(self.coding, 2), 0.85),
            text=self.often(self.word, 0.4),
        )
        return found or {"text": self.word()}

    def identifier(self) -> Json:
        found = filled(
            system=self.often(lambda: self.pick(*SYSTEMS), 0.8),
            value=self.often(self.code, 0.9),
            type=self.often(self.concept, 0.5),
        )
        return found or {"value": "a"}

    def date(self) -> Json:
        return self.pick(*DATES)

    def moment(self) -> Json:
        return self.pick(*TIMES) if self.random.random() < 0.6 else self.date()

    def instant(self) -> Json:
        return self.pick(*TIMES)

    def period(self) -> Json:
        ends = sorted((self.moment(), self.moment()), key=lambda text: text[:10].ljust(10, "0"))
        match self.random.randrange(4):
            case 0:
                return {"start": ends[0]}
            case 1:
                return {"end": ends[1]}
        return {"start": ends[0], "end": ends[1]}

    def timing(self) -> Json:
        return self.pick(
            {"event": self.some(self.moment)},
            {"repeat": {"boundsPeriod": self.period()}},
            {"event": [self.moment()], "repeat": {"boundsPeriod": self.period()}},
            {"code": {"text": "daily"}},
        )

    def number(self) -> Digits:
        return Digits(self.pick(*NUMBERS))

    def quantity(self) -> Json:
        system, code, unit = self.pick(*UNITS)
        comparator = self.pick("<", "<=", ">", ">=") if self.random.random() < 0.15 else None
        value = self.often(self.number, 0.95)
        return filled(value=value, comparator=comparator, unit=unit, system=system, code=code) or {
            "unit": "mg"
        }

    def range(self) -> Json:
        low, high = self.quantity(), self.quantity()
        low.pop("comparator", None)
        high.pop("comparator", None)
        if self.random.random() < 0.6:
            high = {**low, "value": self.number()}
        return self.pick({"low": low}, {"high": high}, {"low": low, "high": high})

    def percents(self) -> Json:
        system, code, unit = "http://unitsofmeasure.org", "%", "%"
        ends = sorted((self.number(), self.number()), key=Decimal)
        low, high = (filled(value=each, system=system, code=code, unit=unit) for each in ends)
        return self.pick({"low": low}, {"high": high}, {"low": low, "high": high})

    def sampled(self) -> Json:
        data = " ".join(self.pick("1", "2.5", "E", "-4", "U", "L", "100") for _ in range(3))
        origin = self.quantity()
        origin.pop("comparator", None)
        return {
            "origin": {**origin, "value": self.number()}, "period": Digits("10"), "dimensions": 1,
            "factor": self.pick(Digits("1.5"), Digits("1")), "data": data,
        }  # fmt: skip

    def name(self) -> Json:
        return filled(
            family=self.often(self.word),
            given=self.often(lambda: self.some(self.word, 2)),
            text=self.often(self.word, 0.2),
            prefix=self.often(lambda: [self.word()], 0.1),
        ) or {"family": "Berg"}

    def address(self) -> Json:
        return filled(
            line=self.often(lambda: self.some(self.word, 2)), city=self.often(self.word),
            postalCode=self.often(self.code, 0.3), country=self.often(self.word, 0.3),
            use=self.often(lambda: self.pick("home", "work")),
        ) or {"city": "Berg"}  # fmt: skip

    def contact(self) -> Json:
        return {
            "system": self.pick("phone", "email"),
            "value": self.pick("1 A", "1 a", "Straße@b.example", "STRASSE@B.example", "+49 1"),
        }

    def reference(self, *types: str) -> Json:
        inside = [each for each in self.names if each.partition("/")[0] in types]
        text = self.pick(*inside) if inside and self.random.random() < 0.85 else None
        if text is None:
            text = self.pick(*ELSEWHERE, "#inside").format(types[0])
        elif self.random.random() < 0.1:
            text += "/_history/1"
        elif self.random.random() < 0.1:
            text = f"{BASE}/{text}"
        if self.random.random() < 0.1:
            return {"identifier": self.identifier(), "type": types[0]}
        return filled(reference=text, display=self.often(self.word, 0.2))

    def url(self) -> Json:
        return self.pick(*URLS)

    def canonical(self) -> str:
        return f"{self.url()}{self.pick('', '', '|1', '|2')}"

    def meta(self) -> Json:
        return filled(
            tag=self.often(lambda: self.some(self.coding, 2), 0.5),
            security=self.often(lambda: [self.coding()], 0.3),
            profile=self.often(lambda: self.some(self.canonical, 2), 0.3),
            source=self.often(self.url, 0.4),
        )


def filled(**members: Json) -> Json:
    """Leave out what there is not."""
    return {name: value for name, value in members.items() if value not in (None, {}, [])}
