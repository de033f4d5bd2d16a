"""A search as SQL: its conditions, order and page, compiled to one statement."""

from shared.store.search.statements import (
    count_statement,
    matching_statement,
    page_statement,
    position,
)

__all__ = ["count_statement", "matching_statement", "page_statement", "position"]
