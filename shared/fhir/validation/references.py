"""References: the type of what they point to is one that the element allows, and `#x` is there.

https://hl7.org/fhir/R4/references.html#Reference
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from shared.fhir.definitions import TYPE_CODE
from shared.fhir.validation.finding import fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from shared.fhir.reader import JsonObject
    from shared.fhir.validation.finding import Checker, Findings, Run

_NOT_CONTAINED = "There is no contained resource of this id (ref-1)."
_STRUCTURES = "http://hl7.org/fhir/StructureDefinition/"
_absolute = re.compile(
    r"https?://.*/([A-Z][A-Za-z]+)/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?",
    re.DOTALL,
).fullmatch


def reference_to(targets: Collection[str], plain: Checker) -> Checker:
    """Make the checker of a Reference; no targets means any."""
    allowed = frozenset(targets or TYPE_CODE)

    def check(value: Any, run: Run) -> Findings | None:  # noqa: ANN401
        found = plain(value, run)
        if found is not None:
            return found
        literal = value.get("reference")
        # Almost every reference is relative and right, and is known so by one look-up; of an
        # entry's urn nothing is known.
        if literal and literal.partition("/")[0] not in allowed and literal[:4] != "urn:":
            found = _judge_literal(literal, allowed, run)
        return found if "type" not in value else found or _judge_type(value, allowed, run)

    return check


def contained_in(resource: JsonObject) -> Iterator[JsonObject]:
    """Give the contained resources; one that is no object counts as empty."""
    inside = resource.get("contained")
    for each in inside if type(inside) is list else ():
        yield each if type(each) is dict else {}


def _judge_local(literal: str, allowed: frozenset[str], run: Run) -> Findings | None:
    inside = [(each.get("id"), each.get("resourceType")) for each in contained_in(run.root)]
    types = {f"#{name}": of_type for name, of_type in inside}
    # The root itself is `#`; and a contained one without a right id may be the one that is meant.
    if literal == "#" or literal in types or not all(type(name) is str for name, _ in inside):
        run.mentioned = (run.mentioned or set()) | {literal}
        return _judge_target(types.get(literal), allowed)
    return fault("invariant", _NOT_CONTAINED)


def _judge_literal(literal: str, allowed: frozenset[str], run: Run) -> Findings | None:
    if literal.startswith("#"):
        return _judge_local(literal, allowed, run)
    return _judge_target(_target_type(literal), allowed)


def _judge_target(target: object, allowed: frozenset[str]) -> Findings | None:
    # A contained resource whose type is none of R4's is told where it stands.
    if type(target) is not str or target not in TYPE_CODE or target in allowed:
        return None
    return fault("value", f"A reference to {target} is not allowed here. {_told(allowed)}")


def _judge_type(value: dict[str, Any], allowed: frozenset[str], run: Run) -> Findings | None:
    # A type is a URL relative to that of FHIR's own structures; others are of logical models.
    said = value["type"].removeprefix(_STRUCTURES)
    if said in TYPE_CODE and said not in allowed:
        return fault("value", f"A reference to {said} is not allowed here. {_told(allowed)}")
    literal = value.get("reference", "")
    target = _contained_type(literal, run) if literal.startswith("#") else _target_type(literal)
    if target is None or target == said:
        return None
    return fault("value", f"The reference points to {target}, but its type says {said}.")


def _contained_type(literal: str, run: Run) -> str | None:
    inside = {f"#{each.get('id')}": each.get("resourceType") for each in contained_in(run.root)}
    return inside.get(literal)


def _target_type(literal: str) -> str | None:
    name = literal.partition("/")[0]
    if name.startswith("http") and (absolute := _absolute(literal)):
        name = absolute.group(1)
    return name if name in TYPE_CODE else None


def _told(allowed: frozenset[str]) -> str:
    return f"Allowed: {', '.join(sorted(allowed))}."
