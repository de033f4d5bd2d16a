"""When an item is asked: what its instrument says about answers that make it needless.

https://hl7.org/fhir/R4/questionnaire-definitions.html#Questionnaire.item.enableWhen
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.care.instruments.instrument import Instrument
    from shared.fhir.reader import JsonObject


def enable_when(instrument: Instrument, code: str) -> JsonObject:
    """Give the condition on which an item is asked; nothing where it always is."""
    conditions = _of_risk(instrument, code) or _of_skips(instrument, code)
    if not conditions:
        return {}
    behavior = {"enableBehavior": "any"} if len(conditions) > 1 else {}
    return {"enableWhen": conditions} | behavior


def _of_risk(instrument: Instrument, code: str) -> list[JsonObject]:
    implied = () if instrument.risk is None else instrument.risk.implied
    return [
        _condition(instrument, each.item, "=", 1)
        for each in implied
        if code in each.of and each.implies == 0
    ]


def _of_skips(instrument: Instrument, code: str) -> list[JsonObject]:
    skips = [each for each in instrument.skips if code in each.zero]
    # What an earlier rule skips is not answered, and so fails the condition of the last one.
    when = skips[-1].when if skips else ()
    return [_condition(instrument, item, "!=", 0) for item in when]


def _condition(instrument: Instrument, item: str, operator: str, value: int) -> JsonObject:
    option = instrument.option(item, value)
    condition: dict[str, Any] = {"question": item, "operator": operator}
    if instrument.is_counted(item):
        return condition | {"answerInteger": value}
    return condition | {"answerCoding": {"system": option.system, "code": option.code}}
