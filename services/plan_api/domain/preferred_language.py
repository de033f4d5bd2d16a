"""Whether a person needs an interpreter in a programme, by the languages that are spoken in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.plan_api.domain.unmet import Unmet

if TYPE_CHECKING:
    from services.plan_api.domain.needs import Known
    from services.plan_api.domain.preferences import Preferences
    from shared.fhir.reader import JsonObject

INTERPRETING: Final = "interpreting"
_NOBODY_KNOWS: Final = Unmet(
    "interpreter", "language-not-known", "Nobody has said which language is to be interpreted."
)


@dataclass(frozen=True, slots=True)
class Language:
    """The services that a language asks for, and what it cannot be given."""

    services: tuple[str, ...] = ()
    unmet: tuple[Unmet, ...] = ()


def needed(definition: JsonObject, preferences: Preferences, known: Known) -> Language:
    """Ask for an interpreter where one is wished, or nobody named speaks the language."""
    language, wished = preferences.one("language"), preferences.one("interpreter")
    if wished is True:
        return Language((INTERPRETING,), () if language else (_NOBODY_KNOWS,))
    if language is None or _primary(language) in _spoken(definition, known):
        return Language()
    if INTERPRETING in preferences.many("service"):
        return Language()
    if wished is None and "language" in definition:
        return Language((INTERPRETING,))
    told = f"Nobody named is known to speak {language}, and no interpreter is asked for."
    return Language((), (Unmet("language", "language-not-spoken", told),))


def _spoken(definition: JsonObject, known: Known) -> set[str]:
    return {_primary(str(each)) for each in (definition.get("language", ""), *known.languages)}


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()
