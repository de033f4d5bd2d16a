"""The resources of care: people, places, what was observed and planned.

https://hl7.org/fhir/R4/resourcelist.html
"""

from __future__ import annotations

from typing import Final

from tests.search.generated.datatypes import Values
from tests.search.generated.making import Make, either, few, maybe, of, one_of, some, to

OCCURRENCE: Final = either(
    of(),
    of(occurrenceDateTime=Values.moment),
    of(occurrencePeriod=Values.period),
    of(occurrenceTiming=Values.timing),
)
EFFECTIVE: Final = either(
    of(),
    of(effectiveDateTime=Values.moment),
    of(effectivePeriod=Values.period),
    of(effectiveInstant=Values.instant),
    of(effectiveTiming=Values.timing),
)
VALUE: Final = either(
    of(dataAbsentReason=maybe(Values.concept)),
    *(of(valueQuantity=Values.quantity),) * 4,
    of(valueCodeableConcept=Values.concept),
    of(valueString=Values.word),
    of(valueDateTime=Values.moment),
    of(valuePeriod=Values.period),
    of(valueSampledData=Values.sampled),
    of(valueInteger=1),
)
ONSET: Final = either(
    of(),
    of(onsetDateTime=Values.moment),
    of(onsetAge=Values.quantity),
    of(onsetPeriod=Values.period),
    of(onsetRange=Values.range),
    of(onsetString=Values.word),
)
CARE: Final[dict[str, Make]] = {
    "Patient": of(
        either(of(), of(deceasedBoolean=Values.truth), of(deceasedDateTime=Values.moment)),
        identifier=some(Values.identifier),
        active=maybe(Values.truth),
        name=some(Values.name, 0.85),
        telecom=some(Values.contact),
        gender=maybe(one_of("male", "female", "other")),
        birthDate=maybe(Values.date),
        address=some(Values.address),
        generalPractitioner=some(to("Practitioner", "Organization")),
        managingOrganization=maybe(to("Organization")),
        link=some(of(other=to("Patient"), type="seealso"), 0.2),
    ),
    "Organization": of(
        identifier=some(Values.identifier),
        active=maybe(Values.truth),
        type=some(Values.concept),
        name=maybe(Values.word, 0.9),
        alias=some(Values.word, 0.3),
        partOf=maybe(to("Organization")),
        address=some(Values.address, 0.3),
    ),
    "Practitioner": of(
        identifier=some(Values.identifier),
        name=some(Values.name),
        telecom=some(Values.contact),
        gender=maybe(one_of("male", "female")),
    ),
    "Location": of(
        name=maybe(Values.word),
        alias=some(Values.word, 0.3),
        address=maybe(Values.address),
        status=maybe(one_of("active", "inactive")),
        partOf=maybe(to("Location"), 0.4),
        managingOrganization=maybe(to("Organization")),
        type=some(Values.concept),
    ),
    "Encounter": of(
        status=one_of("planned", "finished", "cancelled"),
        class_=Values.coding,
        type=some(Values.concept),
        subject=maybe(to("Patient"), 0.85),
        period=maybe(Values.period, 0.8),
        participant=some(of(individual=to("Practitioner"))),
        length=maybe(Values.quantity, 0.4),
        location=some(of(location=to("Location"), period=maybe(Values.period))),
        serviceProvider=maybe(to("Organization")),
        partOf=maybe(to("Encounter"), 0.3),
        reasonCode=some(Values.concept),
    ),
    "Observation": of(
        VALUE,
        EFFECTIVE,
        status=one_of("final", "preliminary"),
        code=Values.concept,
        category=some(Values.concept),
        subject=maybe(to("Patient", "Location"), 0.85),
        encounter=maybe(to("Encounter")),
        performer=some(to("Practitioner", "Organization", "Patient")),
        focus=some(to("Patient", "Condition"), 0.2),
        hasMember=some(to("Observation"), 0.3),
        derivedFrom=some(to("Observation"), 0.2),
        component=some(of(VALUE, code=Values.concept), 0.5),
    ),
    "Condition": of(
        ONSET,
        either(of(), of(abatementDateTime=Values.moment), of(abatementString=Values.word)),
        code=maybe(Values.concept, 0.9),
        clinicalStatus=maybe(Values.concept),
        subject=to("Patient"),
        encounter=maybe(to("Encounter")),
        recordedDate=maybe(Values.moment),
        evidence=some(of(code=few(Values.concept), detail=few(to("Observation"), 1)), 0.3),
        asserter=maybe(to("Practitioner", "Patient")),
    ),
    "CarePlan": of(
        status=one_of("active", "draft"),
        intent=one_of("plan", "order"),
        subject=to("Patient"),
        category=some(Values.concept),
        period=maybe(Values.period),
        instantiatesCanonical=some(Values.canonical),
        instantiatesUri=some(Values.url),
        encounter=maybe(to("Encounter")),
        partOf=some(to("CarePlan"), 0.3),
        addresses=some(to("Condition"), 0.4),
        activity=some(
            either(
                of(reference=to("Task", "ServiceRequest")),
                of(
                    detail=of(
                        status="not-started", code=Values.concept, scheduledPeriod=Values.period
                    )
                ),
                of(detail=of(scheduledTiming=Values.timing)),
            )
        ),
    ),
    "Task": of(
        status=one_of("requested", "completed"),
        intent="order",
        code=maybe(Values.concept),
        focus=maybe(to("ServiceRequest", "CarePlan", "Patient")),
        for_=to("Patient"),
        owner=maybe(to("Practitioner")),
        authoredOn=maybe(Values.moment),
        executionPeriod=maybe(Values.period),
        groupIdentifier=maybe(Values.identifier),
        identifier=some(Values.identifier),
        partOf=some(to("Task"), 0.4),
        basedOn=some(to("CarePlan")),
    ),
    "MedicationRequest": of(
        either(
            of(medicationCodeableConcept=Values.concept), of(medicationReference=to("Medication"))
        ),
        status=one_of("active", "stopped"),
        intent="order",
        subject=to("Patient"),
        authoredOn=maybe(Values.moment),
        dosageInstruction=some(of(timing=Values.timing)),
        requester=maybe(to("Practitioner")),
        encounter=maybe(to("Encounter")),
    ),
    "RiskAssessment": of(
        status="final",
        subject=to("Patient"),
        method=maybe(Values.concept),
        occurrenceDateTime=maybe(Values.moment),
        condition=maybe(to("Condition")),
        prediction=some(
            either(
                *(of(probabilityDecimal=Values.number, qualitativeRisk=maybe(Values.concept)),) * 2,
                of(probabilityRange=Values.percents),
            ),
            0.9,
        ),
    ),
    "ServiceRequest": of(
        OCCURRENCE,
        status="active",
        intent="order",
        code=maybe(Values.concept),
        subject=to("Patient"),
        requisition=maybe(Values.identifier),
        authoredOn=maybe(Values.moment),
        instantiatesUri=some(Values.url),
        performer=some(to("Practitioner", "Organization")),
        basedOn=some(to("CarePlan"), 0.4),
    ),
    "Appointment": of(
        status=one_of("booked", "noshow"),
        start=maybe(Values.instant),
        serviceType=some(Values.concept),
        participant=few(
            of(
                actor=to("Patient", "Practitioner", "Location"),
                status=one_of("accepted", "declined"),
            )
        ),
        reasonReference=some(to("Condition"), 0.3),
    ),
}
