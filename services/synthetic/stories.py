"""The kinds of history a synthetic person may have, as data.

Codes: `SNOMED` and `ICD-10-CM` for what a person has, `RxNorm` ingredients for what is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.synthetic.codes import ICD_10_CM, RXNORM, SNOMED, coding, concept

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A disorder in both code systems that US hospitals record."""

    text: str
    snomed: str
    icd_10_cm: str

    def concept(self) -> JsonObject:
        """Give it as a CodeableConcept."""
        codings = (coding(SNOMED, self.snomed), coding(ICD_10_CM, self.icd_10_cm))
        return concept(self.text, *codings)


@dataclass(frozen=True, slots=True)
class Medicine:
    """An ingredient and how it is usually taken."""

    text: str
    rxnorm: str
    dosage: str

    def concept(self) -> JsonObject:
        """Give it as a CodeableConcept."""
        return concept(self.text, coding(RXNORM, self.rxnorm, self.text))


@dataclass(frozen=True, slots=True)
class Story:
    """One course of illness.

    `phq_9` is the lowest and highest score on admission; GAD-7 lies `gad_7_offset` beside it.
    """

    diagnosis: Diagnosis
    beside: tuple[Diagnosis, ...]
    before: tuple[Medicine, ...]
    started: tuple[Medicine, ...]
    phq_9: tuple[int, int]
    gad_7_offset: int
    suicide_risk_percent: int


DEPRESSION: Final = Diagnosis("Major depressive disorder, recurrent, severe", "370143000", "F33.2")
EPISODE: Final = Diagnosis("Major depressive disorder, single episode, severe", "36923009", "F32.2")
BIPOLAR: Final = Diagnosis("Bipolar disorder, current episode depressed", "13746004", "F31.4")
TRAUMA: Final = Diagnosis("Post-traumatic stress disorder", "47505003", "F43.10")
ANXIETY: Final = Diagnosis("Anxiety disorder", "197480006", "F41.9")
LOW_MOOD: Final = Diagnosis("Depressive disorder", "35489007", "F32.A")
ALCOHOL: Final = Diagnosis("Alcohol use disorder", "66214007", "F10.20")
OPIOID: Final = Diagnosis("Opioid use disorder", "66214007", "F11.20")

SERTRALINE: Final = Medicine("Sertraline", "36437", "100 mg by mouth every morning")
ESCITALOPRAM: Final = Medicine("Escitalopram", "321988", "10 mg by mouth every morning")
FLUOXETINE: Final = Medicine("Fluoxetine", "4493", "20 mg by mouth every morning")
VENLAFAXINE: Final = Medicine("Venlafaxine", "39786", "150 mg by mouth every morning")
BUPROPION: Final = Medicine("Bupropion", "42347", "150 mg by mouth every morning")
MIRTAZAPINE: Final = Medicine("Mirtazapine", "15996", "15 mg by mouth at bedtime")
TRAZODONE: Final = Medicine("Trazodone", "10737", "50 mg by mouth at bedtime")
LAMOTRIGINE: Final = Medicine("Lamotrigine", "28439", "100 mg by mouth daily")
QUETIAPINE: Final = Medicine("Quetiapine", "51272", "200 mg by mouth at bedtime")
PRAZOSIN: Final = Medicine("Prazosin", "8629", "2 mg by mouth at bedtime")
NALTREXONE: Final = Medicine("Naltrexone", "7243", "50 mg by mouth daily")
ACAMPROSATE: Final = Medicine("Acamprosate", "82819", "666 mg by mouth three times a day")
BUPRENORPHINE: Final = Medicine("Buprenorphine", "1819", "8 mg under the tongue daily")

STORIES: Final = (
    Story(
        DEPRESSION,
        beside=(ANXIETY,),
        before=(SERTRALINE, FLUOXETINE),
        started=(VENLAFAXINE, MIRTAZAPINE),
        phq_9=(18, 26),
        gad_7_offset=-7,
        suicide_risk_percent=70,
    ),
    Story(
        EPISODE,
        beside=(ANXIETY,),
        before=(ESCITALOPRAM,),
        started=(SERTRALINE, TRAZODONE),
        phq_9=(17, 25),
        gad_7_offset=-8,
        suicide_risk_percent=60,
    ),
    Story(
        BIPOLAR,
        beside=(ANXIETY, ALCOHOL),
        before=(LAMOTRIGINE,),
        started=(QUETIAPINE, LAMOTRIGINE),
        phq_9=(16, 24),
        gad_7_offset=-9,
        suicide_risk_percent=50,
    ),
    Story(
        TRAUMA,
        beside=(LOW_MOOD, ALCOHOL),
        before=(FLUOXETINE, TRAZODONE),
        started=(SERTRALINE, PRAZOSIN),
        phq_9=(15, 23),
        gad_7_offset=-2,
        suicide_risk_percent=50,
    ),
    Story(
        ALCOHOL,
        beside=(LOW_MOOD, ANXIETY),
        before=(BUPROPION,),
        started=(NALTREXONE, ACAMPROSATE),
        phq_9=(12, 20),
        gad_7_offset=-3,
        suicide_risk_percent=25,
    ),
    Story(
        OPIOID,
        beside=(LOW_MOOD, ANXIETY),
        before=(BUPROPION, TRAZODONE),
        started=(BUPRENORPHINE,),
        phq_9=(11, 20),
        gad_7_offset=-2,
        suicide_risk_percent=25,
    ),
)
