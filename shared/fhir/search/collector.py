"""Collects what can be searched of one resource, while its tree is walked."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Final

from shared.fhir.dates import MIN_TIME, Range
from shared.fhir.search.fold import fold

if TYPE_CHECKING:
    from shared.fhir.reader import JsonObject
    from shared.fhir.search.reading import Reading
    from shared.fhir.search.values.ranges import QuantityRow

# A b-tree holds no key of more than 2,704 bytes, so a long text is stored in windows. Each is
# found whole in one of them up to the length of their overlap.
WINDOW: Final = 400
OVERLAP: Final = 200
NO_DATE: Final[Range] = (MIN_TIME, MIN_TIME)


class Collector:
    """What was found so far; dicts, because a value that is found twice is stored once.

    Terms and texts may stand here several times, until all are found. `contained` are the
    references to what the resource contains: the parameter's number, and the id inside.
    """

    __slots__ = (
        "contained", "dates", "main", "patients", "present", "quantities", "reading", "root",
        "strings", "terms", "texts",
    )  # fmt: skip

    def __init__(self, root: JsonObject, reading: Reading) -> None:
        self.root = root
        self.reading = reading
        self.terms: list[str] = []
        self.strings: dict[tuple[int, str, str], None] = {}
        self.texts: list[tuple[int, str]] = []
        self.dates: dict[tuple[int, int, int], None] = {}
        self.quantities: dict[QuantityRow, None] = {}
        self.patients: set[str] = set()
        self.present: set[int] = set()
        self.contained: list[tuple[int, str]] = []
        self.main: Range = NO_DATE

    def inside(self, root: JsonObject) -> Collector:
        """Collect of what is contained into the same values, apart from what there is of it."""
        found = copy(self)
        found.root, found.present, found.contained = root, set(), []
        return found

    def add(self, *terms: str) -> None:
        """Add terms."""
        self.terms += terms

    def add_text(self, number: int, text: str) -> None:
        """Add a text of the vocabulary, for which the row has a term."""
        if text and len(text) <= WINDOW:
            self.texts.append((number, text))

    def add_quantity(self, row: QuantityRow) -> None:
        """Add a number or quantity."""
        self.quantities[row] = None

    def add_string(self, number: int, text: str, starts: list[str] | None = None) -> None:
        """Add a text; `starts` are places inside it at which a search may begin as well.

        Only the row of the text itself has it as `exact`. The windows after the first stand under
        the negative number: they can hold what is searched, but do not begin with it.
        """
        norm = fold(text)
        self.strings[number, norm[:WINDOW], text] = None
        for start in starts or ():
            self.strings[number, start[:WINDOW], ""] = None
        for place in range(OVERLAP, len(norm) - OVERLAP, OVERLAP):
            self.strings[-number, norm[place : place + WINDOW], ""] = None
