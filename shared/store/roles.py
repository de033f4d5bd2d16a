"""The database roles: one login role per service, and the cross-owner door.

A service is given the owner's URL or its own role's. From the owner's URL its own is derived: the
password is an HMAC of the owner's, so that nothing more has to be kept or handed over.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Iterable

DOOR: Final = "stepdown_door"


class RoleError(Exception):
    """The database's roles cannot be set up from this URL."""


def role_of(service: str) -> str:
    """Name the login role of a service."""
    return f"stepdown_{service}"


def role_url(url: str, service: str) -> str:
    """Give the URL under which a service's own role logs in.

    :raises RoleError: when the owner's URL carries no password to derive one from.
    """
    parts = urlsplit(url)
    role = role_of(service)
    # Not `parts.username`: the host may be empty, and the user info is still there.
    userinfo, _, host = parts.netloc.rpartition("@")
    if unquote(userinfo.partition(":")[0]) == role:
        return url
    netloc = f"{role}:{quote(_password(url, role), safe='')}@{host}"
    return urlunsplit(parts._replace(netloc=netloc))


def is_owner_url(url: str, services: Iterable[str]) -> bool:
    """Tell whether a URL logs in as the owner, who may migrate, and not as a service's role."""
    user = unquote(urlsplit(url).netloc.rpartition("@")[0].partition(":")[0])
    return user not in {role_of(service) for service in services}


def _password(url: str, role: str) -> str:
    owners = urlsplit(url).password
    if not owners:
        raise RoleError(
            "The database URL must carry the owner's password: the services' roles are secured "
            "by passwords derived from it."
        )
    digest = hmac.digest(unquote(owners).encode(), f"stepdown role {role}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def ensure_roles(connection: asyncpg.Connection, url: str, services: Iterable[str]) -> None:
    """Make the roles where they are missing, and let each service's role log in.

    Roles belong to the whole PostgreSQL cluster, so another database may have made them first.
    """
    for service in services:
        await _ensure(connection, role_of(service), "LOGIN")
        if not await _logs_in(role_url(url, service)):
            password = _password(url, role_of(service))
            await connection.execute(f"ALTER ROLE {role_of(service)} PASSWORD '{password}'")
    await _ensure(connection, DOOR, "NOLOGIN")


async def _ensure(connection: asyncpg.Connection, role: str, login: str) -> None:
    if await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        return
    try:
        await connection.execute(f"CREATE ROLE {role} {login} NOSUPERUSER NOBYPASSRLS NOINHERIT")
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        return  # a neighbour in the same cluster was quicker


async def _logs_in(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except asyncpg.InvalidPasswordError:
        return False
    except asyncpg.InsufficientPrivilegeError:
        return True  # the password is right; CONNECT is granted by the migration
    await connection.close()
    return True
