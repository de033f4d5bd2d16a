"""Which value set an operation is about: one at an id, one given in the body, or one by its url."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.fhir.errors import Malformed, NotFound, RuleViolation
from shared.fhir.validation import validate
from shared.server.canonicals import find_canonical
from shared.server.definition import Parameter
from shared.store.finding import required
from shared.store.version import Key

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.server.call import Call
    from shared.store.reading import Reading

WHICH: Final = (
    Parameter("url", "in", "uri", "The url of the value set."),
    Parameter("valueSetVersion", "in", "string", "Which version of it."),
    Parameter("valueSet", "in", "ValueSet", "The value set itself."),
)


async def asked_value_set(reading: Reading, call: Call) -> JsonObject:
    """Find the value set that a call is about.

    :raises Malformed: when it names none, or several.
    :raises NotFound: when nothing here has this url.
    :raises Gone: when it was deleted.
    """
    given, url = call.inputs.one("valueSet"), call.inputs.one("url")
    of_instance = call.request.id
    if sum(each is not None for each in (given, url, of_instance)) != 1:
        raise Malformed("Name one value set: by its id, its url, or in the body.")
    if given is not None:
        return valid(given)
    if of_instance is not None:
        return (await required(reading, Key("ValueSet", of_instance))).content
    version = call.inputs.one("valueSetVersion")
    found = await find_canonical(reading, "ValueSet", f"{url}|{version}" if version else url)
    if found is None:
        raise NotFound("No value set with this url is held here.")
    return found


def valid(resource: JsonObject) -> JsonObject:
    """Check a resource that came as the body itself, which nothing has checked yet.

    :raises RuleViolation: with all issues.
    """
    issues = validate(resource)
    if issues:
        raise RuleViolation(issues=tuple(issues))
    return resource
