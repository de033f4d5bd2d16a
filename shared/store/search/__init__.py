"""A search as SQL: its conditions, order and page, compiled to one statement."""

from shared.store.search.includes import Shown, included_statement
from shared.store.search.latest import Latest
from shared.store.search.statements import (
    count_statement,
    matching_statement,
    page_statement,
    position,
    present_types_statement,
)

__all__ = [
    "Latest",
    "Shown",
    "count_statement",
    "included_statement",
    "matching_statement",
    "page_statement",
    "position",
    "present_types_statement",
]
