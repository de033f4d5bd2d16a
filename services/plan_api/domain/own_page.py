"""The one page that people read of a plan of a person's own, part by part, in its words.

https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.plan_api.domain.narrative import bullets, paragraph, titled, whole
from services.plan_api.templates.catalogue import CODES
from shared.care.automatic import Policy
from shared.care.own_plans import KINDS, Part, kind_of, parts_of
from shared.fhir.dates import told_day

if TYPE_CHECKING:
    from datetime import tzinfo

    from shared.fhir.reader import JsonObject

POLICY: Final = Policy("own-plan-is-told", "1.0", "Writes the page of a plan of a person's own")
_PARTS: Final[dict[str, str]] = CODES["systems"]["plan-part"]["concepts"]


def is_to_be_told(plan: JsonObject) -> bool:
    """Tell whether a plan of a person's own has no page, or one of ours."""
    return kind_of(plan) is not None and plan.get("text", {}).get("status") in {None, "generated"}


def page(plan: JsonObject, zone: tzinfo) -> JsonObject:
    """Write the page."""
    kind = kind_of(plan) or ""
    parts = parts_of(plan)
    title = str(plan.get("title", KINDS[kind]["title"]))
    others = [each for each in _PARTS if each not in KINDS[kind]["parts"]]
    told = (
        titled(
            _PARTS[code], bullets(filter(None, (_line(e, zone) for e in parts if e.code == code)))
        )
        for code in (*KINDS[kind]["parts"], *others)
    )
    return whole([paragraph(f"{title}."), *told])


def _line(part: Part, zone: tzinfo) -> str:
    reasons = part.detail.get("reasonReference", ())
    about = ", ".join(str(each["display"]) for each in reasons if "display" in each)
    performers = part.detail.get("performer", ())
    who = ", ".join(str(each.get("display", each.get("reference", ""))) for each in performers)
    end = part.detail.get("scheduledPeriod", {}).get("end")
    until = told_day(end, zone) if end else ""
    told = (f"{about}:" if about else "", part.words, f"({who})" if who else "", until)
    return " ".join(each for each in told if each)
