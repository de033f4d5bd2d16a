"""Other resources, for kinds of parameters that those of care do not have.

https://hl7.org/fhir/R4/resourcelist.html
"""

from __future__ import annotations

from typing import Final

from tests.search.generated.datatypes import Values
from tests.search.generated.making import Make, either, few, maybe, of, one_of, some, to

CONTEXT: Final = of(
    either(
        of(valueQuantity=Values.quantity),
        of(valueRange=Values.range),
        of(valueCodeableConcept=Values.concept),
    ),
    code=Values.coding,
)
MEMBERS: Final = of(
    system=one_of("http://a.example", "http://b.example"),
    concept=few(of(code=one_of("a", "A", "b", "c", "d"))),
)
KNOWLEDGE: Final[dict[str, Make]] = {
    "ValueSet": of(
        url=Values.unique,
        status="active",
        name=maybe(Values.word),
        title=maybe(Values.word),
        date=maybe(Values.moment),
        description=maybe(Values.word),
        useContext=some(CONTEXT),
        jurisdiction=some(Values.concept),
        compose=of(include=few(MEMBERS)),
    ),
    "Questionnaire": of(
        url=maybe(Values.url, 0.8),
        version=maybe(one_of("1", "2")),
        status="draft",
        name=maybe(Values.word),
        useContext=some(CONTEXT),
        effectivePeriod=maybe(Values.period),
        item=some(of(linkId="1", type="string", definition=Values.url, code=few(Values.coding))),
    ),
    "QuestionnaireResponse": of(
        status="completed",
        questionnaire=maybe(Values.canonical, 0.8),
        subject=maybe(to("Patient")),
        authored=maybe(Values.moment),
        source=maybe(to("Patient", "Practitioner")),
    ),
    "MolecularSequence": of(
        coordinateSystem=0,
        patient=maybe(to("Patient")),
        variant=some(
            of(
                start=maybe(one_of(0, 1, 2, 3, 4), 0.9),
                end=maybe(one_of(3, 4, 5, 6), 0.9),
                observedAllele="A",
            )
        ),
        referenceSeq=maybe(
            of(
                chromosome=maybe(Values.concept),
                referenceSeqId=maybe(Values.concept),
                windowStart=one_of(0, 1, 2, 3, 4),
                windowEnd=one_of(3, 4, 5, 6),
            )
        ),
    ),
    "ChargeItem": of(
        status="billable",
        code=Values.concept,
        subject=to("Patient"),
        factorOverride=maybe(Values.number, 0.8),
        priceOverride=maybe(of(value=Values.number, currency=maybe(one_of("EUR", "USD")))),
        quantity=maybe(Values.quantity),
    ),
    "DocumentReference": of(
        status="current",
        content=few(of(attachment=of(contentType="text/plain", url=Values.url)), 1),
        relatesTo=some(of(code=one_of("replaces", "appends"), target=to("DocumentReference")), 0.7),
        subject=maybe(to("Patient")),
        date=maybe(Values.instant),
    ),
    "Group": of(
        type="person",
        actual=Values.truth,
        characteristic=some(
            of(
                either(
                    of(valueCodeableConcept=Values.concept),
                    of(valueBoolean=Values.truth),
                    of(valueQuantity=Values.quantity),
                ),
                code=Values.concept,
                exclude=Values.truth,
            ),
            0.8,
        ),
        member=some(of(entity=to("Patient"))),
    ),
}
