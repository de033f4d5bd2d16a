"""The Synthea export as templates: resources with resolved links, and holes to fill anew.

A patient's history is cut by its encounters into six patients, as the export has few, and long
ones. Provenance is left out: it names everything of one whole history.
"""

from __future__ import annotations

import bz2
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.store.version import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

EXPORT: Final = Path(__file__).parents[4] / "shared/data/synthea"
PARTS: Final = 6
_LEFT_OUT: Final = frozenset({"Provenance"})
_NOBODYS: Final = "0-*.bz2"
_LOCAL: Final = re.compile(r'(?<="reference":")urn:uuid:([0-9a-f-]{36})')
_CONDITIONAL: Final = re.compile(r'(?<="reference":")([A-Za-z]+)\?identifier=([^|"]*)\|([^"]*)')
_LINK: Final = re.compile(r'(?<="reference":")([A-Za-z]+)/([0-9a-f-]{36})')
_ENCOUNTER: Final = re.compile(r'"reference":"Encounter/([0-9a-f-]{36})')
_INSTANT: Final = re.compile(r'"(\d{4}-\d\d-\d\dT[^"]*)"')
_HOLE: Final = re.compile(
    r"\b(?P<id>[0-9a-f]{8})(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r'|(?<=")(?P<date>\d{4}-\d\d-\d\d)(?=["T])'
    r'|(?<="value":)(?P<number>\d+\.\d+)'
    r'|(?<="family":")(?P<family>[^"]+)'
    r'|(?<="given":\[")(?P<given>[^"]+)'
    r'|(?<="value":")(?P<digits>[A-Z]?\d[\d-]{6,}X?)(?=")'
)

_Identifiers = dict[tuple[str, str, str], Key]


class Text(NamedTuple):
    """A resource as JSON; `person` is its patient's id, empty for what is nobody's."""

    key: Key
    json: str
    person: str = ""
    day: str = ""

    @property
    def links(self) -> set[Key]:
        """What it refers to."""
        return {Key(*found) for found in _LINK.findall(self.json)}


@dataclass(frozen=True, slots=True)
class Template:
    """A resource whose `holes`, kinds and texts, stand between its `literals`."""

    key: Key
    person: str
    links: tuple[Key, ...]
    literals: tuple[str, ...]
    holes: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The resource as it was."""
        parts = list(self.literals)
        for at, (_, text) in enumerate(self.holes):
            parts[at] += text
        return "".join(parts)


def templates(at_most: int) -> list[Template]:
    """Make the templates, in the order of their days, of whole people while they are few enough.

    At least one person is taken. Of what is nobody's, only what a few people refer to.
    """
    shared, known = _nobodys()
    chosen: list[Text] = []
    for path in people_files():
        person = list(_cut(_texts(_resources(path), known)))
        if chosen and len(chosen) + len(person) > at_most:
            chosen += _referred_to(chosen, shared)
            break
        chosen += person
    else:
        chosen += shared.values()
    return [template(each) for each in sorted(chosen, key=lambda each: (each.day, each.key))]


def whole_people() -> list[list[Text]]:
    """Read each person as exported, with resolved links."""
    _, known = _nobodys()
    return [_texts(_resources(path), known) for path in people_files()]


def people_files() -> list[Path]:
    """List the files of people, the smallest first."""
    files = set(EXPORT.glob("*.bz2")) - set(EXPORT.glob(_NOBODYS))
    return sorted(files, key=lambda path: path.stat().st_size)


def nobodys_files() -> list[Path]:
    """List the files of organizations and practitioners, in the order of loading."""
    return sorted(EXPORT.glob(_NOBODYS))


def template(text: Text) -> Template:
    """Find the holes of a resource."""
    literals, holes, end = [], [], 0
    for found in _HOLE.finditer(text.json):
        literals.append(text.json[end : found.start()])
        holes.append((found.lastgroup or "", found[0]))
        end = found.end()
    literals.append(text.json[end:])
    links = tuple(sorted(text.links))
    return Template(text.key, text.person, links, tuple(literals), tuple(holes))


def _resources(path: Path) -> list[dict[str, Any]]:
    bundle = json.loads(bz2.decompress(path.read_bytes()))
    return [entry["resource"] for entry in bundle["entry"]]


def _nobodys() -> tuple[dict[Key, Text], _Identifiers]:
    """Read the organizations and practitioners, and by which identifiers they are named."""
    resources = [each for path in nobodys_files() for each in _resources(path)]
    known = {
        (each["resourceType"], one["system"], one["value"]): Key(each["resourceType"], each["id"])
        for each in resources
        for one in each.get("identifier", [])
    }
    return {each.key: each for each in _texts(resources, known)}, known


def _texts(resources: Iterable[dict[str, Any]], known: _Identifiers) -> list[Text]:
    """Write resources as JSON, with the links among them and to what is known resolved."""
    keys = {each["id"]: Key(each["resourceType"], each["id"]) for each in resources}

    def named(found: re.Match[str]) -> str:
        return str(known[found[1], found[2], found[3]])

    def resolved(resource: dict[str, Any]) -> str:
        text = json.dumps(resource, separators=(",", ":"), ensure_ascii=False)
        return _CONDITIONAL.sub(named, _LOCAL.sub(lambda found: str(keys[found[1]]), text))

    return [Text(keys[each["id"]], resolved(each)) for each in resources]


def _cut(texts: list[Text]) -> Iterator[Text]:
    """Cut one person's resources into the parts, each of a patient of its own."""
    patient = next(each.key.id for each in texts if each.key.type == "Patient")
    days = {each.key.id: _day(each.json) for each in texts if each.key.type == "Encounter"}
    ranks = {key: rank for rank, key in enumerate(sorted(days, key=days.__getitem__))}
    for key, text, _, _ in texts:
        if key.type in _LEFT_OUT:
            continue
        found = _ENCOUNTER.search(text)
        encounter = found[1] if found else key.id
        rank = ranks.get(encounter, int(key.id[:4], 16) % len(ranks))
        day = days.get(encounter) or _day(text)
        parts = range(PARTS) if key.type == "Patient" else [rank * PARTS // len(ranks)]
        for part in parts:
            person = f"{patient[:-2]}{part:02x}"
            own = person if key.type == "Patient" else key.id
            yield Text(Key(key.type, own), text.replace(patient, person), person, day)


def _day(text: str) -> str:
    found = _INSTANT.search(text)
    return found[1] if found else ""


def _referred_to(chosen: Iterable[Text], shared: Mapping[Key, Text]) -> list[Text]:
    wanted = {link for text in chosen for link in text.links}
    ahead, taken = wanted & shared.keys(), set[Key]()
    while ahead:
        key = ahead.pop()
        taken.add(key)
        ahead |= (shared[key].links & shared.keys()) - taken
    return [shared[key] for key in sorted(taken)]
