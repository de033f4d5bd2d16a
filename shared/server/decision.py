"""What a write comes down to before anything is written: a change, or what stands already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.store.version import Change, Key, Version


@dataclass(frozen=True, slots=True)
class Decision:
    """The resource that a write is about, and its change or the version that stands already.

    A conditional delete that matches nothing is about no resource.
    """

    key: Key | None
    change: Change | None = None
    standing: Version | None = None
