"""Two fresh databases, for two records that are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def urls(make_database: Callable[[], str]) -> tuple[str, str]:
    return make_database(), make_database()
