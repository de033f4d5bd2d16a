"""What a person prefers, and when they cannot come: stated when a plan is made, or kept before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from shared.care.canonical import profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shared.fhir.reader import JsonObject

# By the names of the inputs of `$apply`, which are those of kept preferences too.
BUSY: Final = ("work", "school", "caregiving")
NAMES: Final = (
    "session-time",
    *BUSY,
    "language",
    "interpreter",
    "telehealth",
    "individual-therapy-as-needed",
    "skill",
    "topic",
    "service",
)
_URL: Final = profile("preference")

Wishes = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Preferences:
    """Wishes by their names; a time that is busy is a Timing, or only `true`."""

    wishes: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def one(self, name: str) -> Any:  # noqa: ANN401
        """Give the one value of a wish; None where there is none."""
        return next(iter(self.many(name)), None)

    def many(self, name: str) -> Sequence[Any]:
        """Give all values of a wish."""
        return self.wishes.get(name, ())

    def busy(self) -> list[tuple[str, JsonObject]]:
        """List the times at which the person cannot come, and why."""
        return [(name, each) for name, each in self._keeping_busy() if _says_times(each)]

    def without_times(self) -> list[str]:
        """Name what keeps the person busy at times that nobody has said."""
        unsaid = (name for name, each in self._keeping_busy() if not _says_times(each))
        return list(dict.fromkeys(unsaid))

    def _keeping_busy(self) -> list[tuple[str, Any]]:
        timed = [(name, each) for name in BUSY for each in self.many(name)]
        return [(name, each) for name, each in timed if each is True or isinstance(each, dict)]


NO_PREFERENCES: Final = Preferences()


def preferred(stated: Wishes, kept: Iterable[Wishes]) -> Preferences:
    """Let what is stated now go before what was kept, and the newer of that before the older."""
    wishes: Wishes = {}
    for each in (*kept, stated):
        wishes |= {name: values for name, values in each.items() if values}
    return Preferences({name: wishes[name] for name in NAMES if name in wishes})


def extensions(preferences: Preferences) -> list[JsonObject]:
    """Keep in a plan what it was made for."""
    return [{"url": _URL, "valueString": each} for each in told(preferences.wishes)]


def is_made_for(plan: JsonObject, stated: Wishes) -> bool:
    """Tell whether a plan was made for all that is stated."""
    kept = {e.get("valueString") for e in plan.get("extension", ()) if e.get("url") == _URL}
    return kept.issuperset(told(stated))


def told(wishes: Mapping[str, Sequence[Any]]) -> list[str]:
    """Say wishes in words, each with its name."""
    return [f"{name}: {_words(each)}" for name, values in wishes.items() for each in values]


def _says_times(value: Any) -> bool:  # noqa: ANN401
    """Tell whether a time that is busy can be held against the minutes of a week.

    Whole days can; a part of the day (`when`) or words cannot, and are no whole days either.
    """
    if not isinstance(value, dict):
        return False
    repeat = value.get("repeat", {})
    is_said_otherwise = "when" in repeat or "code" in value
    return "timeOfDay" in repeat or ("dayOfWeek" in repeat and not is_said_otherwise)


def _words(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, dict):
        return str(value)
    repeat = value.get("repeat", {})
    days = " ".join(repeat.get("dayOfWeek", ("every day",)))
    times = " ".join(str(each)[:5] for each in repeat.get("timeOfDay", ("all day",)))
    length = f"{repeat['duration']} {repeat['durationUnit']}" if "duration" in repeat else ""
    parts = (days, times, length) if _says_times(value) else _said_otherwise(value)
    return " ".join(each for each in parts if each) or "times not known"


def _said_otherwise(value: JsonObject) -> tuple[str, ...]:
    """Name the days and parts of the day of a time that is busy, and what is said of it."""
    repeat, code = value.get("repeat", {}), value.get("code", {})
    coded = (each.get("display", each.get("code", "")) for each in code.get("coding", ()))
    said = str(code["text"]) if "text" in code else " ".join(coded)
    return (*repeat.get("dayOfWeek", ()), *repeat.get("when", ()), said)
