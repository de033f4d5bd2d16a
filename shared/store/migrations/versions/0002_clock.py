"""What moving the clock needs to know of all services, whose private state no role can read."""

from __future__ import annotations

from alembic import context, op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TENANT = "tenant = current_setting('stepdown.tenant')::int"
_AS_OWNER = (
    "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ {body} $$"
)

# The earliest timer of any service that is due by an instant and has not failed.
_NEXT_DUE = "CREATE FUNCTION record.next_due(until timestamptz) RETURNS timestamptz"
_DUE = "SELECT due FROM {service}.timer WHERE {tenant} AND due <= until AND attempts = 0"

# What has still to happen before an instant is over, part by part. What was parked, or has failed
# often, is not waited for. A service that never ran has no cursor, and so nothing to do.
_UNSETTLED = (
    "CREATE FUNCTION record.unsettled(until timestamptz) "
    "RETURNS TABLE (service text, part text, waiting bigint)"
)
_WAITING = """
SELECT '{service}', 'feed',
  (SELECT max(f.position) FROM record.feed f WHERE f.tenant = c.tenant) - c.position
FROM {service}.cursor c
WHERE c.{tenant} AND EXISTS (
  SELECT FROM record.feed f
  WHERE f.tenant = c.tenant AND (f.xid, f.position) > (c.xid, c.position))
UNION ALL
SELECT '{service}', 'inbox', count(*) FROM {service}.inbox
WHERE {tenant} AND attempts = 0 AND next_attempt <= now() HAVING count(*) > 0
UNION ALL
SELECT '{service}', 'timer', count(*) FROM {service}.timer
WHERE {tenant} AND attempts = 0 AND due <= until HAVING count(*) > 0
UNION ALL
SELECT '{service}', 'outbound', count(*) FROM (
  SELECT DISTINCT ON (stream) attempts FROM {service}.outbound
  WHERE {tenant} AND answered IS NULL ORDER BY stream, created, key) first_of_stream
WHERE attempts < 8 HAVING count(*) > 0
"""


def upgrade() -> None:
    services = tuple(context.config.attributes["ownership"])
    timers = _united(_DUE, services)
    _create(_NEXT_DUE, f"SELECT min(due) FROM ({timers}) timers", services)
    _create(_UNSETTLED, _united(_WAITING, services), services)


def _united(query: str, services: tuple[str, ...]) -> str:
    return " UNION ALL ".join(query.format(service=name, tenant=_TENANT) for name in services)


def _create(head: str, body: str, services: tuple[str, ...]) -> None:
    op.execute(f"{head} {_AS_OWNER.format(body=body)}")
    function = head.removeprefix("CREATE FUNCTION ").partition("(")[0]
    op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    for name in services:
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO stepdown_{name}")
