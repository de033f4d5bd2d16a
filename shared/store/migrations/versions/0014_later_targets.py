"""Puts what came after those who refer to it into their search rows, whoever owns these."""

from __future__ import annotations

from alembic import context, op

from shared.store.policies import statements_of_linking

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_LINK = """
CREATE FUNCTION record.link_referrers(pks bigint[], terms bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE record.search_row s
  SET targets = ARRAY(SELECT DISTINCT k FROM unnest(s.targets || f.found) k ORDER BY k)
  FROM (
    SELECT r.type, r.pk, array_agg(t.pk) AS found
    FROM unnest(link_referrers.pks, link_referrers.terms) AS t(pk, term)
    JOIN record.search_row r ON r.tenant = current_setting('stepdown.tenant')::int
      AND r.terms @> ARRAY[t.term] AND t.pk <> ALL (r.targets)
    GROUP BY r.type, r.pk
  ) f
  WHERE s.tenant = current_setting('stepdown.tenant')::int AND s.type = f.type AND s.pk = f.pk
$$
"""


def upgrade() -> None:
    op.execute(_LINK)
    for statement in statements_of_linking(context.config.attributes["ownership"]):
        op.execute(statement)
