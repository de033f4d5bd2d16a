"""One synthetic person's history: ill, seen in a clinic, admitted, treated, discharged."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from services.synthetic import encounters, identity, measures
from services.synthetic.codes import HL7, coding, concept
from services.synthetic.draft import Draft
from services.synthetic.measures import Occasion
from services.synthetic.places import AFTERCARE, HOSPITAL, counsellors_at, prescribers_at
from services.synthetic.timeline import instant

if TYPE_CHECKING:
    from datetime import date

    from services.synthetic.chance import Chance
    from services.synthetic.places import Clinician
    from services.synthetic.stories import Diagnosis, Medicine, Story
    from services.synthetic.timeline import Timeline
    from shared.fhir.reader import JsonObject


class History:
    """The resources of one person, added in the order in which they happened."""

    def __init__(self, key: str, story: Story, days: Timeline, patient: JsonObject) -> None:
        """Begin with the person and the insurance."""
        self._key = key
        self._story = story
        self._days = days
        self._draft = Draft()
        self._numbers: dict[str, int] = {}
        self.subject = self.add("Patient", patient)
        self.add("Coverage", identity.coverage(self.subject, days.onset))

    def write(self, chance: Chance) -> tuple[JsonObject, JsonObject]:
        """Add everything that happened, and give References to the main condition and the stay."""
        conditions = self._fall_ill(chance)
        self._visit_clinic(conditions[0], chance)
        return conditions[0], self._stay_in_hospital(conditions, chance)

    def bundle(self) -> JsonObject:
        """Give the Bundle of the whole history."""
        return self._draft.bundle()

    def add(self, resource_type: str, content: JsonObject) -> JsonObject:
        """Add one more resource of the person, and give a Reference to it."""
        number = self._numbers[resource_type] = self._numbers.get(resource_type, 0) + 1
        return self._draft.add(resource_type, f"{self._key}-{number}", content)

    def _fall_ill(self, chance: Chance) -> list[JsonObject]:
        diagnoses = [self._story.diagnosis]
        diagnoses += [diagnosis for diagnosis in self._story.beside if chance.happens(50)]
        return [self.add("Condition", self._condition(diagnosis)) for diagnosis in diagnoses]

    def _condition(self, diagnosis: Diagnosis) -> JsonObject:
        problem = coding(f"{HL7}/condition-category", "problem-list-item", "Problem List Item")
        return {
            "clinicalStatus": {"coding": [coding(f"{HL7}/condition-clinical", "active")]},
            "verificationStatus": {"coding": [coding(f"{HL7}/condition-ver-status", "confirmed")]},
            "category": [concept("Problem", problem)],
            "code": diagnosis.concept(),
            "subject": self.subject,
            "onsetDateTime": self._days.onset.isoformat(),
            "recordedDate": self._days.visits[0].isoformat(),
        }

    def _visit_clinic(self, condition: JsonObject, chance: Chance) -> None:
        counsellor = chance.pick(counsellors_at(AFTERCARE))
        low, high = self._story.phq_9
        for number, day in enumerate(self._days.visits):
            clinician = counsellor if number else chance.pick(prescribers_at(AFTERCARE))
            visit = encounters.visit(self.subject, condition, clinician, day)
            encounter = self.add("Encounter", visit)
            occasion = Occasion(self.subject, encounter, instant(day, 10, 15))
            # Milder than on admission, and worse from visit to visit.
            worse = number * 2 - 8
            self._measure(occasion, (low + worse, high + worse), chance)
            if number == 0:
                for medicine in self._story.before:
                    self._prescribe(medicine, encounter, clinician, day, "stopped")

    def _stay_in_hospital(self, conditions: list[JsonObject], chance: Chance) -> JsonObject:
        days, clinician = self._days, chance.pick(prescribers_at(HOSPITAL))
        disposition = chance.pick(("home", "home", "home", "alt-home", "aadvice"))
        stay = encounters.stay(self.subject, conditions, clinician, days, disposition)
        encounter = self.add("Encounter", stay)
        admission = Occasion(self.subject, encounter, instant(days.admitted, 22, 30))
        discharge = Occasion(self.subject, encounter, instant(days.discharged, 9))
        low, high = self._story.phq_9
        self._measure(admission, (low, high), chance)
        self._measure(discharge, (low - 9, high - 9), chance)
        self._assess_risk(admission, discharge, chance)
        weight = chance.between(52, 104)
        for occasion, lost in ((admission, 0), (discharge, chance.between(0, 2))):
            for observation in measures.vital_signs(occasion, weight - lost, chance):
                self.add("Observation", observation)
        for medicine in self._story.started:
            day = days.admitted + timedelta(days=1)
            self._prescribe(medicine, encounter, clinician, day, "active")
        return encounter

    def _measure(self, occasion: Occasion, range_: tuple[int, int], chance: Chance) -> None:
        phq_9 = min(max(chance.between(*range_), 0), 27)
        gad_7 = min(max(phq_9 + self._story.gad_7_offset, 0), 21)
        self.add("Observation", measures.score(occasion, measures.PHQ_9, phq_9))
        self.add("Observation", measures.score(occasion, measures.GAD_7, gad_7))

    def _assess_risk(self, admission: Occasion, discharge: Occasion, chance: Chance) -> None:
        if not chance.happens(self._story.suicide_risk_percent):
            return
        on_admission = chance.pick(("moderate", "high"))
        on_discharge = "moderate" if on_admission == "high" and chance.happens(30) else "low"
        self.add("Observation", measures.suicide_risk(admission, on_admission))
        self.add("Observation", measures.suicide_risk(discharge, on_discharge))

    def _prescribe(
        self,
        medicine: Medicine,
        encounter: JsonObject,
        clinician: Clinician,
        day: date,
        status: str,
    ) -> None:
        content = {
            "status": status,
            "intent": "order",
            "medicationCodeableConcept": medicine.concept(),
            "subject": self.subject,
            "encounter": encounter,
            "authoredOn": instant(day, 10, 45),
            "requester": clinician.reference(),
            "dosageInstruction": [{"text": medicine.dosage}],
        }
        self.add("MedicationRequest", content)
