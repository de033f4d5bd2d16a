"""Rules of 4.0.1 whose expression is faulty, reviewed one by one, each with what is wrong in it.

A rule here is evaluated as written here; those left out hold by hand, or not at all. A rule passes
only where it is true: an expression that gives nothing refuses.

https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from __future__ import annotations

from typing import Final

_NAME: Final = "name.exists() implies name.matches('^[A-Z]([A-Za-z0-9_]){0,254}$')"

# By the type that has the rule, and its key
REWRITTEN: Final[dict[tuple[str, str], str]] = {
    # Gives nothing where there is no fullUrl.
    ("Bundle.entry", "bdl-8"): "fullUrl.exists() implies fullUrl.contains('/_history/').not()",
    # Gives nothing without a probability, and of a Range.
    ("RiskAssessment.prediction", "ras-2"): (
        "probability.empty() or ((probability is decimal) implies (probability as decimal) <= 100)"
    ),
    # Compares with `no-show`, but the code is `noshow`.
    ("Appointment", "app-4"): (
        "cancelationReason.exists() implies (status = 'noshow' or status = 'cancelled')"
    ),
    # The text says "more than one", the expression more than two.
    ("Questionnaire.item", "que-12"): "enableWhen.count() > 1 implies enableBehavior.exists()",
    # Is an error where there are several `when`.
    ("Timing.repeat", "tim-9"): (
        "offset.empty() or "
        "(when.exists() and when.all(($this in ('C' | 'CM' | 'CD' | 'CV')).not()))"
    ),
    # The System type, where the answer is FHIR's.
    ("Questionnaire.item.enableWhen", "que-7"): "operator = 'exists' implies (answer is boolean)",
    # Compares a concept with a text, and asks of a truth whether it is empty.
    ("Condition", "con-3"): (
        "clinicalStatus.exists() or verificationStatus.coding.where(system = "
        "'http://terminology.hl7.org/CodeSystem/condition-ver-status' and "
        "code = 'entered-in-error').exists() or "
        "category.coding.where(code = 'problem-list-item').empty()"
    ),
    # Not anchored: a part of the text is enough.
    ("ElementDefinition", "eld-19"): (
        "path.matches('^[^\\\\s\\\\.,:;\\\\\\'\"\\\\/|?!@#$%&*()\\\\[\\\\]{}]{1,64}"
        "(\\\\.[^\\\\s\\\\.,:;\\\\\\'\"\\\\/|?!@#$%&*()\\\\[\\\\]{}]{1,64}"
        "(\\\\[x\\\\])?(\\\\:[^\\\\s\\\\.]+)?)*$')"
    ),
    ("ElementDefinition", "eld-20"): (
        "path.matches('^[A-Za-z][A-Za-z0-9]*(\\\\.[a-z][A-Za-z0-9]*(\\\\[x])?)*$')"
    ),
    # Gives nothing without a name of the slice.
    ("ElementDefinition", "eld-16"): (
        "sliceName.empty() or sliceName.matches('^[a-zA-Z0-9\\\\/\\\\-_\\\\[\\\\]\\\\@]+$')"
    ),
    # As written, in words that the compiler knows.
    ("ImplementationGuide", "ig-2"): "definition.resource.fhirVersion.subsetOf(fhirVersion)",
    ("ImplementationGuide.definition", "ig-1"): "resource.groupingId.subsetOf(grouping.id)",
    ("ElementDefinition", "eld-2"): (
        "min.empty() or max.empty() or (max = '*') or (min <= max.toInteger())"
    ),
    ("StructureDefinition", "sdf-9"): " and ".join(
        f"{part}.element.where(path.contains('.').not()).{element}.empty()"
        for part in ("snapshot", "differential")
        for element in ("label", "code", "requirements")
    ),
}

# Rules that say nothing as they stand, or are held elsewhere than in their place.
LEFT_OUT: Final[dict[str, str]] = {
    **dict.fromkeys(("bdl-3", "bdl-4", "bdl-7", "bdl-11", "bdl-12"), "held entry by entry"),
    "cid-0": "ChargeItemDefinition has no name",
    "dom-6": "a warning, told once of a whole resource",
    "ppc-2": "compares with the placeholder 'something'",
    "ppc-3": "compares with the placeholder 'something'",
    "ppc-4": "compares with the placeholder 'something'",
    "ppc-5": "compares with the placeholder 'something'",
    "ref-1": "held where the type of the reference is",
    "txt-1": "held where the narrative is read",
    "txt-2": "held where the narrative is read",
}


def expression_of(type_name: str, key: str, published: str) -> str:
    """Give the expression by which a rule is judged."""
    if key.endswith("-0"):
        # Gives nothing without a name, and is not anchored.
        return _NAME
    return REWRITTEN.get((type_name, key), published)
