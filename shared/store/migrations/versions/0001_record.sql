-- The record: what the three services share.
CREATE SCHEMA record;

CREATE TABLE record.audit (
    tenant INTEGER NOT NULL,
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    recorded TIMESTAMP WITH TIME ZONE NOT NULL,
    service TEXT NOT NULL,
    caller TEXT,
    interaction TEXT NOT NULL,
    type SMALLINT,
    id TEXT COLLATE "C",
    version INTEGER,
    patient BIGINT,
    request_id TEXT NOT NULL,
    status SMALLINT NOT NULL,
    query TEXT,
    PRIMARY KEY (tenant, position)
);
CREATE INDEX audit_patient ON record.audit (tenant, patient, recorded);

CREATE TABLE record.feed (
    tenant INTEGER NOT NULL,
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    xid BIGINT DEFAULT (pg_current_xact_id()::text)::bigint NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    type SMALLINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (tenant, position)
);
CREATE INDEX feed_settled ON record.feed (tenant, xid, position);
CREATE INDEX feed_stream ON record.feed (tenant, stream, number);

CREATE TABLE record.resource (
    tenant INTEGER NOT NULL,
    type SMALLINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    pk BIGINT NOT NULL,
    version INTEGER NOT NULL,
    deleted BOOLEAN NOT NULL,
    updated TIMESTAMP WITH TIME ZONE NOT NULL,
    patient BIGINT,
    PRIMARY KEY (tenant, type, id),
    CONSTRAINT resource_pk UNIQUE (tenant, pk)
);
CREATE INDEX resource_updated ON record.resource (tenant, type, updated, pk);

CREATE TABLE record.search_date (
    row BIGINT GENERATED ALWAYS AS IDENTITY,
    tenant INTEGER NOT NULL,
    type SMALLINT NOT NULL,
    param SMALLINT NOT NULL,
    pk BIGINT NOT NULL,
    patient BIGINT,
    span SMALLINT NOT NULL,
    lo BIGINT NOT NULL,
    hi BIGINT NOT NULL,
    PRIMARY KEY (row)
);
CREATE INDEX search_date_lo ON record.search_date (tenant, type, param, span, lo, pk) INCLUDE (hi, patient);
CREATE INDEX search_date_pk ON record.search_date (tenant, pk, param);

CREATE TABLE record.search_row (
    tenant INTEGER NOT NULL,
    type SMALLINT NOT NULL,
    pk BIGINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    patient BIGINT,
    d_lo BIGINT NOT NULL,
    d_hi BIGINT NOT NULL,
    terms BIGINT[] NOT NULL,
    PRIMARY KEY (tenant, type, pk)
);
CREATE INDEX search_row_date ON record.search_row (tenant, type, d_lo, pk);
CREATE INDEX search_row_patient ON record.search_row (tenant, patient, type, d_lo, pk);
CREATE INDEX search_row_terms ON record.search_row USING gin (terms) WITH (fastupdate = on, gin_pending_list_limit = 512);

CREATE TABLE record.search_string (
    row BIGINT GENERATED ALWAYS AS IDENTITY,
    tenant INTEGER NOT NULL,
    type SMALLINT NOT NULL,
    param SMALLINT NOT NULL,
    pk BIGINT NOT NULL,
    patient BIGINT,
    norm TEXT COLLATE "C" NOT NULL,
    exact TEXT COLLATE "C" NOT NULL,
    tri INTEGER[] NOT NULL,
    PRIMARY KEY (row)
);
CREATE INDEX search_string_norm ON record.search_string (tenant, type, param, norm, pk) INCLUDE (patient);
CREATE INDEX search_string_pk ON record.search_string (tenant, pk, param);
CREATE INDEX search_string_tri ON record.search_string USING gin (tri);

CREATE TABLE record.site (
    tenant INTEGER NOT NULL,
    paging_key BYTEA NOT NULL,
    clock_offset_us BIGINT NOT NULL,
    PRIMARY KEY (tenant)
);

CREATE TABLE record.stream (
    tenant INTEGER NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (tenant, stream)
);

CREATE TABLE record.version (
    tenant INTEGER NOT NULL,
    pk BIGINT NOT NULL,
    version INTEGER NOT NULL,
    type SMALLINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    updated TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted BOOLEAN NOT NULL,
    method TEXT NOT NULL,
    body TEXT,
    PRIMARY KEY (tenant, pk, version)
);

-- The source of internal keys; each process takes a block of 64.
CREATE SEQUENCE record.pk INCREMENT BY 64;
ALTER TABLE record.search_row ALTER terms SET STATISTICS 1000;
ALTER TABLE record.search_row SET (fillfactor = 85);
ALTER TABLE record.resource SET (fillfactor = 85);
