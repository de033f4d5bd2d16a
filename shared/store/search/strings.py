"""String criteria: the beginning, the whole, or any part of a folded text.

https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from shared.fhir.search.values import Text
from shared.store.search.arguments import TENANT
from shared.store.search.condition import Condition
from shared.store.search.values import trigrams

if TYPE_CHECKING:
    from shared.fhir.search.query import Criterion
    from shared.store.search.arguments import Arguments

# So many characters are seldom common to many.
_LONG: Final = 3


def strings(criterion: Criterion) -> Condition:
    """Compile a string criterion."""
    texts = [value for value in criterion.values if isinstance(value, Text)]
    number, modifier = criterion.parameter.number, criterion.modifier
    # What follows the first window of a long text stands under the negative number.
    numbers = [number, -number] if modifier == "contains" else [number]

    def found(args: Arguments) -> str:
        any_text = " OR ".join(_text(each, modifier, args) for each in texts)
        return (
            f"SELECT s.pk AS key FROM record.search_string s WHERE s.tenant = {TENANT} "
            f"AND s.type = {args.type} AND s.param = ANY({args.bind(numbers, 'smallint[]')}) "
            f"AND ({any_text})"
        )

    few = Condition.by_keys(lambda args: f"EXISTS ({found(args)} AND s.pk = r.pk OFFSET 0)", found)
    return replace(few, is_likely_few=all(len(each.folded) >= _LONG for each in texts))


def _text(text: Text, modifier: str | None, args: Arguments) -> str:
    norm = args.bind(text.folded, "text")
    if modifier == "exact":
        return f"s.norm = {norm} AND s.exact = {args.bind(text.exact, 'text')}"
    if modifier == "contains":
        # Folding leaves no sign that LIKE would read.
        like = f"s.norm LIKE '%' || {norm} || '%'"
        parts = trigrams(text.folded)
        return f"s.tri @> {args.bind(parts, 'int[]')} AND {like}" if parts else like
    beyond = args.bind(text.folded + chr(0x10FFFF), "text")
    return f"s.norm >= {norm} AND s.norm < {beyond}"
