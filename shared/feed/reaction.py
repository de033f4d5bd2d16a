"""What a service declares about the feed: its reactions, its timers, and what they may do.

A reaction acts only on people with an open EpisodeOfCare or an inbound notice, so that loading
history starts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from datetime import datetime

    from shared.feed.effects import Effects
    from shared.fhir.reader import JsonObject
    from shared.store.reading import Reading
    from shared.store.version import Key


@dataclass(frozen=True, slots=True)
class Event:
    """One write, as the feed tells it: the stream, its number there, and which version of what."""

    position: int
    stream: str
    number: int
    key: Key
    version: int

    @property
    def name(self) -> str:
        """Name the event: its stream and its number there."""
        return f"{self.stream}/{self.number}"

    def cause(self, purpose: str) -> str:
        """Name an effect of this event, the same at every repetition."""
        return f"{self.name}/{purpose}"


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer that fell due: `name` says which handler, `key` what it is about."""

    id: str
    name: str
    due: datetime
    key: Key

    @property
    def stream(self) -> str:
        """Name the stream that its requests go out in: that of what it is about."""
        return str(self.key)

    def cause(self, purpose: str) -> str:
        """Name an effect of this timer, the same at every repetition, another when set anew."""
        return f"{self.id}/{int(self.due.timestamp() * 1000)}/{purpose}"


def anything(_: JsonObject) -> bool:
    """Find every content worth a look."""
    return True


@dataclass(frozen=True, slots=True)
class Reaction:
    """What happens after a write of one of `types`, once, in one transaction with the cursor.

    `concerns` sees the content of the version that was written, and denies only where `handle`
    would do nothing: what concerns no reaction passes in batches. Of deletions it is not asked.
    Where the content cannot tell, `followed` names the patients whose streams count as well.
    To a write of a type `by_person` it does what it would to any other such write of the patient,
    for it goes by all that is known of them: of several the last speaks for those before it.
    """

    name: str
    types: frozenset[str]
    handle: Callable[[Event, Effects], Awaitable[None]]
    concerns: Callable[[JsonObject], bool] = anything
    followed: Callable[[Reading, tuple[str, ...]], Awaitable[Collection[str]]] | None = None
    by_person: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reactions:
    """All reactions and timer handlers of one service."""

    service: str
    reactions: tuple[Reaction, ...]
    timers: Mapping[str, Callable[[DueTimer, Effects], Awaitable[None]]]

    @property
    def types(self) -> frozenset[str]:
        """The types that any reaction waits for."""
        return frozenset().union(*(reaction.types for reaction in self.reactions))

    @property
    def choosy_types(self) -> frozenset[str]:
        """The types of which some versions may concern no reaction at all."""
        easy = (each.types for each in self.reactions if each.concerns is anything)
        return self.types.difference(*easy)

    @property
    def types_by_person(self) -> frozenset[str]:
        """The types of which one write may speak for others."""
        return frozenset().union(*(reaction.by_person for reaction in self.reactions))

    def waiting_for(self, resource_type: str) -> tuple[Reaction, ...]:
        """Give the reactions to writes of a type, in their order."""
        return tuple(each for each in self.reactions if resource_type in each.types)

    def concerned_by(self, event: Event, content: JsonObject) -> tuple[Reaction, ...]:
        """Give the reactions that see a version of this content; none where it concerns nobody.

        A later version that concerns one is shown to all, for it may take back what concerned the
        others. So is a first one to those that follow patients, whom nobody has asked for then.
        """
        waiting = self.waiting_for(event.key.type)
        concerned = {each.name for each in waiting if each.concerns(content)}
        if event.version > 1:
            return waiting if concerned else ()
        return tuple(e for e in waiting if concerned and (e.name in concerned or e.followed))
