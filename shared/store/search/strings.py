"""String criteria: the beginning, the whole, or any part of a folded text.

https://hl7.org/fhir/R4/search.html#string
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.search.values import Text
from shared.store.search.arguments import TENANT
from shared.store.search.condition import Condition
from shared.store.search.values import trigrams

if TYPE_CHECKING:
    from shared.fhir.search.query import Criterion
    from shared.store.search.arguments import Arguments


def strings(criterion: Criterion) -> Condition:
    """Compile a string criterion."""
    texts = [value for value in criterion.values if isinstance(value, Text)]
    number, modifier = criterion.parameter.number, criterion.modifier
    # What follows the first window of a long text stands under the negative number.
    numbers = [number, -number] if modifier == "contains" else [number]

    def found(args: Arguments) -> str:
        any_text = " OR ".join(_text(each, modifier, args) for each in texts)
        return (
            f"SELECT s.pk FROM record.search_string s WHERE s.tenant = {TENANT} "
            f"AND s.type = {args.type} AND s.param = ANY({args.bind(numbers, 'smallint[]')}) "
            f"AND ({any_text})"
        )

    return Condition(
        lambda args: f"EXISTS ({found(args)} AND s.pk = r.pk OFFSET 0)",
        lambda args: f"r.pk = ANY(ARRAY({found(args)}))",
        "keys",
        is_selective=True,
    )


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
