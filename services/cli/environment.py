"""Reads what the environment tells the programs before any of them starts.

So that a mistake is one sentence that names the variable, and not the end of a worker.
"""

from __future__ import annotations

import logging
import os
from typing import Final

from pydantic import SecretStr, ValidationError

from services.cli.console import Failure
from shared.server.settings import Settings

_PREFIX: Final = "STEPDOWN_"


def check_environment() -> None:
    """Check every setting but the database's URL, which each program asks for by itself.

    :raises Failure: naming the first variable that is wrong.
    """
    try:
        Settings(database_url=SecretStr("checked apart"))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = f"{_PREFIX}{first['loc'][0]}".upper()
        raise Failure(f"{name} is wrong: {first['msg'].removeprefix('Value error, ')}.") from None
    level = os.environ.get(f"{_PREFIX}LOG_LEVEL", "info")
    if level.upper() not in logging.getLevelNamesMapping():
        raise Failure(f"{_PREFIX}LOG_LEVEL is wrong: it must be debug, info, warning or error.")
