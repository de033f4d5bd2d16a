"""What a service's program is told by its environment; read once, where the program is built.

Every setting is named in docs/deployment.md.
"""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path  # noqa: TC003 - pydantic reads annotations at run time
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.access.policy import Policy
from shared.client.guard import Network
from shared.feed.sender import Targets
from shared.fhir.definitions import TYPE_CODE

# As browsers write it: https://www.rfc-editor.org/rfc/rfc6454#section-6.2
_ORIGIN: Final = re.compile(
    r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?"
)


def _web_address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("it must begin with http:// or https://")
    return url


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError("it must be the name of a time zone, such as America/New_York") from None
    return name


def _resource_types(names: str | frozenset[str]) -> frozenset[str]:
    told = names.split(",") if isinstance(names, str) else names
    types = frozenset(name.strip() for name in told if name.strip())
    if types - TYPE_CODE.keys():
        raise ValueError("it must be resource types, such as CarePlan,Task")
    return types


def _origins(told: str | tuple[str, ...]) -> tuple[str, ...]:
    origins = tuple(each.strip() for each in told.split(",")) if isinstance(told, str) else told
    if not all(_ORIGIN.fullmatch(each) for each in origins if each):
        raise ValueError("it must be origins, such as https://dashboard.example")
    return tuple(each for each in origins if each)


def _networks(told: str | tuple[Network, ...]) -> tuple[Network, ...]:
    if not isinstance(told, str):
        return told
    try:
        return tuple(ip_network(each.strip()) for each in told.split(",") if each.strip())
    except ValueError:
        raise ValueError("it must be networks, such as 10.20.0.0/16 or 10.20.7.4/32") from None


Url = Annotated[str, AfterValidator(_web_address)]
# NoDecode: it is no JSON.
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
Types = Annotated[frozenset[str], NoDecode, BeforeValidator(_resource_types)]


class Addresses(BaseSettings):
    """Where everything of this server is reached, and whether it asks nobody who they are."""

    model_config = SettingsConfigDict(env_prefix="STEPDOWN_", frozen=True, extra="ignore")

    # Authentication is off; the command line refuses this on an address that others reach.
    open: bool = False
    base_url: Url = "http://127.0.0.1:8000/fhir"
    intake_url: Url = "http://127.0.0.1:8000/intake/fhir"
    plan_url: Url = "http://127.0.0.1:8000/plan/fhir"
    progress_url: Url = "http://127.0.0.1:8000/progress/fhir"
    # Whose pages may ask from a browser; nobody's, unless they are named.
    cors_origins: Origins = ()

    # Networks of partners that may be called although they are not public.
    partner_networks: Networks = ()

    @property
    def base(self) -> str:
        """The public FHIR base, the front door's, without a slash at its end."""
        return self.base_url.rstrip("/")

    @property
    def service_urls(self) -> dict[str, str]:
        """The FHIR base of each service."""
        return {
            "intake": self.intake_url.rstrip("/"),
            "plan": self.plan_url.rstrip("/"),
            "progress": self.progress_url.rstrip("/"),
        }

    @property
    def targets(self) -> Targets:
        """Whom a service sends to."""
        return Targets(self.service_urls, self.partner_networks)

    @property
    def bases(self) -> tuple[str, ...]:
        """Every FHIR base of this server: a reference to any of them is one to this record."""
        return (self.base, *self.service_urls.values())


class Policies(BaseSettings):
    """What the operator demands of those who write, and allows them."""

    model_config = SettingsConfigDict(env_prefix="STEPDOWN_", frozen=True, extra="ignore")

    external_references: bool = False
    multiple_delete: bool = False
    if_match_types: Types = frozenset()

    @property
    def policy(self) -> Policy:
        """The same as one value."""
        return Policy(self.external_references, self.multiple_delete, self.if_match_types)


class Settings(Addresses, Policies):
    """The settings of one service; a secret has no default."""

    database_url: SecretStr
    time_zone: Annotated[str, AfterValidator(_time_zone)] | None = None
    tenant: int = 1
    pool_size: Annotated[int, Field(ge=1, le=1000)] = 8
    data_dir: Path | None = None

    @cached_property
    def zone(self) -> tzinfo:
        """The zone of local days, in which dates without one are taken to be.

        Where none is told it is `UTC` itself: see `shared.fhir.dates.local_day`.
        """
        return UTC if self.time_zone is None else ZoneInfo(self.time_zone)
