"""The statements that index rows anew: they change no resource, and tell nobody."""

from __future__ import annotations

from typing import Final

from shared.store.statements import COLUMNS, INPUT, SEARCHABLE

# Of the processes of a service, one works at a time.
ALONE: Final = "SELECT pg_try_advisory_xact_lock($1)"
# The type of a service's own that is to be indexed next; what every write looks at comes first.
NEXT: Final = (
    "SELECT type, wanted, position, total FROM record.reindex "
    "WHERE tenant = $1 AND type = ANY($2::smallint[]) AND generation < wanted "
    "ORDER BY type <> ALL($3::smallint[]), position DESC, type LIMIT 1"
)
COUNT: Final = (
    "UPDATE record.reindex d SET total = (SELECT count(*) FROM record.search_row s "
    "WHERE s.tenant = $1 AND s.type = $2 AND s.generation < $3) "
    "WHERE d.tenant = $1 AND d.type = $2 AND d.wanted = $3"
)
BATCH: Final = (
    "SELECT s.pk, s.id FROM record.search_row s "
    "WHERE s.tenant = $1 AND s.type = $2 AND s.pk > $3 AND s.generation < $4 "
    "ORDER BY s.pk LIMIT $5"
)
# In the order of their keys, as writers do, so that nobody waits in a circle.
HOLD: Final = (
    "SELECT 1 FROM record.resource r WHERE r.tenant = $1 AND r.type = $2 "
    "AND r.id = ANY($3::text[]) ORDER BY r.id FOR UPDATE"
)
CURRENT: Final = (
    f"SELECT {COLUMNS}, r.patient FROM record.resource r JOIN record.version v "
    "ON v.tenant = r.tenant AND v.pk = r.pk AND v.version = r.version "
    "JOIN record.search_row s ON s.tenant = r.tenant AND s.type = r.type AND s.pk = r.pk "
    "WHERE r.tenant = $1 AND r.type = $2 AND r.id = ANY($3::text[]) AND s.generation < $4"
)
INDEX: Final = f"""{INPUT}), row_kept AS (
  UPDATE record.search_row s
  SET d_lo = i.d_lo, d_hi = i.d_hi, terms = i.terms::bigint[], targets = i.targets::bigint[],
    generation = $41
  FROM input i WHERE s.tenant = $1 AND s.type = i.type AND s.pk = i.pk
{SEARCHABLE.format(replaced="true")}
)
SELECT 1
"""
ADVANCE: Final = (
    "UPDATE record.reindex SET position = $4, done = done + $5 "
    "WHERE tenant = $1 AND type = $2 AND wanted = $3"
)
# Who still writes by older rules has set the position back.
COMPLETE: Final = (
    "UPDATE record.reindex SET generation = wanted, position = 0 "
    "WHERE tenant = $1 AND type = $2 AND wanted = $3 AND position = $4 RETURNING true"
)
# Transactions of the services, by the number that each holds a lock on; whoever only reads the
# whole record, as a dump does, is the owner.
RUNNING: Final = (
    "SELECT l.virtualtransaction, l.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'virtualxid' AND a.datname = current_database() "
    "AND a.usename LIKE 'stepdown\\_%' AND l.pid <> pg_backend_pid()"
)
PROGRESS: Final = (
    "SELECT type, generation, wanted, done, total FROM record.reindex "
    "WHERE tenant = $1 AND generation < wanted ORDER BY type"
)
