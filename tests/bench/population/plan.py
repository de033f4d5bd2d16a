"""Which copies of which templates make a population of a size, and their internal keys; pure.

Keys go by day, with the copies side by side: so one patient's rows lie far apart, as they do
where the histories of many grow at the same time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from shared.store.version import Key
from tests.bench.population.cloning import cloned_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.population.templates import Template


@dataclass(frozen=True)
class Population:
    """About `size` resources: full copies of all templates, and the last one of a few people."""

    templates: Sequence[Template]
    size: int

    @cached_property
    def copies(self) -> int:
        """How many copies there are, the last one perhaps of a few people only."""
        return max(1, -(-self.size // len(self.templates)))

    @cached_property
    def last_people(self) -> frozenset[str]:
        """Who is in the last copy; what is nobody's always is."""
        counts = Counter(each.person for each in self.templates)
        room = self.size - (self.copies - 1) * len(self.templates) - counts.pop("", 0)
        taken = set[str]()
        for person in sorted(counts):
            if room < counts[person] // 2 and (taken or self.copies > 1):
                break
            room -= counts[person]
            taken.add(person)
        return frozenset({*taken, ""})

    @cached_property
    def _ranks(self) -> dict[Key, int]:
        return {each.key: rank for rank, each in enumerate(self.templates)}

    def __len__(self) -> int:
        in_last = sum(each.person in self.last_people for each in self.templates)
        return (self.copies - 1) * len(self.templates) + in_last

    def members(self, start: int, stop: int) -> Iterator[tuple[Template, int, int]]:
        """Yield the copies of some templates, by rank: template, copy, internal key."""
        for rank in range(start, min(stop, len(self.templates))):
            template = self.templates[rank]
            for copy in range(self.copies):
                if copy < self.copies - 1 or template.person in self.last_people:
                    yield template, copy, self._pk(rank, copy)

    def pks(self, template: Template, copy: int) -> dict[Key, int]:
        """Tell the internal keys of what a copy of a template refers to."""
        return {
            Key(link.type, cloned_id(link.id, copy)): self._pk(self._ranks[link], copy)
            for link in template.links
        }

    @property
    def last_pk(self) -> int:
        """No internal key is above this."""
        return len(self.templates) * self.copies

    def _pk(self, rank: int, copy: int) -> int:
        return rank * self.copies + copy + 1
