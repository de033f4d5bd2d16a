"""One running Stepdown for all tests of conformance: each test makes what it looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.programs import Programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def database_url(make_database: Callable[[], str]) -> str:
    """The owner's URL of one database for all modules."""
    return make_database()


@pytest.fixture(scope="session")
def all_in_one(database_url: str) -> Iterator[Programs]:
    """The all-in-one program with two workers, once for all modules."""
    with Programs.all_in_one(database_url, workers=2) as programs:
        yield programs
