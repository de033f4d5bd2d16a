-- A service's private state; {schema} is the service.
CREATE SCHEMA {schema};

CREATE TABLE {schema}.cursor (
    tenant INTEGER NOT NULL,
    consumer TEXT COLLATE "C" NOT NULL,
    xid BIGINT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (tenant, consumer)
);

CREATE TABLE {schema}.inbox (
    tenant INTEGER NOT NULL,
    consumer TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    type SMALLINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt TIMESTAMP WITH TIME ZONE NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (tenant, consumer, position)
);
CREATE INDEX inbox_stream ON {schema}.inbox (tenant, consumer, stream, position);

CREATE TABLE {schema}.outbound (
    tenant INTEGER NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    target TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    body TEXT NOT NULL,
    created TIMESTAMP WITH TIME ZONE NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    next_attempt TIMESTAMP WITH TIME ZONE NOT NULL,
    answered TIMESTAMP WITH TIME ZONE,
    status SMALLINT,
    PRIMARY KEY (tenant, key)
);
CREATE INDEX outbound_next ON {schema}.outbound (tenant, answered, next_attempt);

CREATE TABLE {schema}.timer (
    tenant INTEGER NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    due TIMESTAMP WITH TIME ZONE NOT NULL,
    name TEXT NOT NULL,
    type SMALLINT NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    next_attempt TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (tenant, key)
);
CREATE INDEX timer_due ON {schema}.timer (tenant, due);
