"""Who a synthetic person is: Patient and Coverage."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from services.synthetic.codes import HL7, coding, concept
from services.synthetic.marks import FAMILY_NAME_PREFIX
from services.synthetic.places import PAYER

if TYPE_CHECKING:
    from services.synthetic.chance import Chance
    from shared.fhir.reader import JsonObject

GIVEN: Final = (  # noqa: SIM905 - a list would take a line for each name
    "Alex Amina Ben Bao Carla Chidi Dana Dmitri Eden Emeka Farah Felix Gia Hana Hugo Ines Ivan "
    "Jamal June Kai Keiko Leila Luca Maya Milo Nadia Noah Olga Omar Priya Quinn Ravi Rosa Sam "
    "Sofia Tariq Tess Uma Victor Wanda Xavier Yara Yusuf Zoe"
).split()
FAMILY: Final = (  # noqa: SIM905
    "Alder Ash Aspen Beech Birch Cedar Cherry Cypress Elder Elm Fern Fir Hawthorn Hazel Hickory "
    "Holly Hornbeam Juniper Larch Laurel Linden Magnolia Maple Myrtle Oak Olive Pine Poplar "
    "Rowan Sequoia Spruce Sycamore Tamarack Walnut Willow Yew"
).split()
STREETS: Final = ("Sample Street", "Example Avenue", "Specimen Lane", "Placeholder Road")


def patient(chance: Chance, last_day: date) -> JsonObject:
    """Invent a person."""
    born = last_day - timedelta(days=chance.between(18 * 366, 72 * 365))
    address = {
        "use": "home",
        "line": [f"{chance.between(1, 199)} {chance.pick(STREETS)}"],
        "city": "Exampleville",
        "state": "MA",
        "postalCode": "00000",
        "country": "US",
    }
    return {
        "active": True,
        "name": [
            {
                "use": "official",
                "family": FAMILY_NAME_PREFIX + chance.pick(FAMILY),
                "given": [chance.pick(GIVEN)],
            }
        ],
        "telecom": [
            {"system": "phone", "value": f"555-555-{chance.between(110, 199):04}", "use": "mobile"}
        ],
        "gender": chance.pick(("female", "female", "female", "male", "male", "male", "other")),
        "birthDate": born.isoformat(),
        "address": [address],
    }


def coverage(subject: JsonObject, since: date) -> JsonObject:
    """Insure a person with the synthetic health plan."""
    kind = concept("Extended healthcare", coding(f"{HL7}/v3-ActCode", "EHCPOL"))
    return {
        "status": "active",
        "type": kind,
        "beneficiary": subject,
        "period": {"start": since.isoformat()},
        "payor": [PAYER.reference()],
    }
