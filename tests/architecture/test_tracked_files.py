"""What the repository may not hold: addresses of package registries, and places of one machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.architecture.tree import PRODUCTION, modules, named, parsed, tracked

if TYPE_CHECKING:
    from pathlib import Path

REGISTRIES = re.compile(
    r"(?:\bpy[p]i\.|python[h]osted\.|\bnpm[j]s\.|registry\.\w+\.|\bcrates[.]io|ruby[g]ems\."
    r"|proxy\.golang\.|packages2?\.fhir\.|packages\.simplifier\.|repo1?\.maven\.|anaconda\.org)"
)
MACHINES = re.compile(r"(?:(?<![\w.])/(?:work|farm|root|Users)/|/home/\w|\.librar[y]/)")


def texts() -> list[tuple[Path, str]]:
    return [(path, path.read_bytes().decode("utf-8", "replace")) for path in tracked()]


@pytest.mark.skipif(not tracked(), reason="this is no git checkout")
@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINES], ids=["registries", "machines"])
def test_no_tracked_file_names_one(pattern: re.Pattern[str]) -> None:
    found = {named(path): pattern.findall(text) for path, text in texts()}

    assert {name: names for name, names in found.items() if names} == {}


# Written in halves, so that this file holds none itself.
@pytest.mark.parametrize(
    ("pattern", "halves"),
    [
        (REGISTRIES, ("https://files.python", "hosted.org/packages/")),
        (REGISTRIES, ('"resolved": "https://registry.n', 'pmjs.org/x.tgz"')),
        (REGISTRIES, ("https://py", "pi.org/simple")),
        (MACHINES, ("/ho", "me/someone/stepdown")),
        (MACHINES, ("/wo", "rk/stepdown")),
    ],
)
def test_an_address_is_found(pattern: re.Pattern[str], halves: tuple[str, str]) -> None:
    assert pattern.search("".join(halves))


@pytest.mark.parametrize("text", ["the registry at http://hl7.org/fhir", "ls /opt/stepdown/work"])
def test_what_only_looks_like_an_address_is_not(text: str) -> None:
    assert not REGISTRIES.search(text)
    assert not MACHINES.search(text)


@pytest.mark.parametrize("path", modules(*PRODUCTION, "tests"), ids=named)
def test_every_module_opens_with_a_sentence(path: Path) -> None:
    first = parsed(path).body[0]
    text = getattr(getattr(first, "value", None), "value", None)

    assert isinstance(text, str), "it has no docstring"
    assert re.search(r"[.:](\s|$)", text.split("\n\n")[0]), "it opens with no sentence"
