"""Every official R4 example is accepted, but for those that break a stated rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.fhir.reader import read
from shared.fhir.validation import validate
from tests.conformance.refused import REFUSED

PACKAGE = Path(__file__).parents[2] / "var/examples/package"
# The bulk of the package: definitions, most of them of one making, and Bundles of them.
DEFINITIONS = (
    "Bundle",
    "CodeSystem",
    "ConceptMap",
    "OperationDefinition",
    "SearchParameter",
    "StructureDefinition",
    "ValueSet",
)

pytestmark = pytest.mark.skipif(
    not PACKAGE.exists(), reason="var/examples/package is absent: run make examples"
)


def examples() -> list[Path]:
    return [
        path for path in sorted(PACKAGE.glob("*.json")) if path.stem not in {"package", ".index"}
    ]


def sample() -> list[Path]:
    """Take every clinical example, one in ten of the definitions, and all that are refused."""
    definitions = [path for path in examples() if path.name.startswith(DEFINITIONS)]
    small = [path for path in definitions if path.stat().st_size < 1_000_000]
    clinical = [path for path in examples() if not path.name.startswith(DEFINITIONS)]
    named = [PACKAGE / f"{stem}.json" for stem in REFUSED]
    return sorted({*clinical, *small[::10], *named})


def assert_only_the_refused_are_refused(paths: list[Path]) -> None:
    found = {path.stem: issues for path in paths if (issues := validate(read(path.read_bytes())))}

    assert set(found) == set(REFUSED)
    for stem, issues in found.items():
        assert REFUSED[stem].issue in {(issue.code, issue.expression) for issue in issues}


def test_clinical_examples_and_a_tenth_of_the_definitions_are_accepted() -> None:
    assert_only_the_refused_are_refused(sample())


@pytest.mark.long
def test_all_5306_examples_are_accepted() -> None:
    paths = examples()

    assert len(paths) == 5_306
    assert_only_the_refused_are_refused(paths)


def test_27_examples_break_a_stated_rule_and_each_names_its_page() -> None:
    assert len(REFUSED) == 27
    assert all((PACKAGE / f"{stem}.json").exists() for stem in REFUSED)
    assert all(refusal.page.startswith("https://hl7.org/fhir/R4/") for refusal in REFUSED.values())
