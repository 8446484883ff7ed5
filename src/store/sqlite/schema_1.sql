CREATE TABLE site (
    site TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    config TEXT,                        -- JSON; NULL before the first configuration
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE point (
    point TEXT PRIMARY KEY,
    site TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('ac', 'dc')),
    phases INTEGER NOT NULL,
    max_current_deci_a INTEGER NOT NULL,
    max_power_w INTEGER NOT NULL,
    voltage_v INTEGER NOT NULL,
    connectors INTEGER NOT NULL,
    registered INTEGER NOT NULL CHECK (registered IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE credential (
    point TEXT PRIMARY KEY,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE card (
    id_tag TEXT PRIMARY KEY,
    status TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_key (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    scopes TEXT NOT NULL,               -- JSON array of texts
    sites TEXT NOT NULL,                -- JSON array of ids; empty: all sites
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE charging_transaction (
    transaction_id INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    point TEXT NOT NULL,
    connector INTEGER NOT NULL,
    id_tag TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    meter_start_wh INTEGER NOT NULL,
    ended_at INTEGER,                   -- NULL while it runs, like the next two
    energy_wh INTEGER,
    reason TEXT,
    CHECK ((ended_at IS NULL) = (energy_wh IS NULL) AND (ended_at IS NULL) = (reason IS NULL))
) STRICT;
CREATE INDEX transaction_session ON charging_transaction (session);
CREATE INDEX transaction_start ON charging_transaction (started_at);
CREATE INDEX transaction_point ON charging_transaction (point, started_at);
CREATE INDEX transaction_end ON charging_transaction (ended_at);

CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE charging_limit (
    point TEXT NOT NULL,
    connector INTEGER NOT NULL,
    confirmed INTEGER,                  -- deci-amperes (AC) or watts (DC), like the bound
    bound INTEGER NOT NULL,
    PRIMARY KEY (point, connector)
) STRICT, WITHOUT ROWID;

CREATE TABLE command (
    command TEXT PRIMARY KEY,
    point TEXT NOT NULL,
    action TEXT NOT NULL,
    payload TEXT NOT NULL,              -- JSON
    requested_at INTEGER NOT NULL,
    ended_at INTEGER,                   -- NULL while no end is known, like the next two
    status TEXT,
    answer TEXT,
    CHECK ((ended_at IS NULL) = (status IS NULL) AND (ended_at IS NULL) = (answer IS NULL))
) STRICT;
CREATE INDEX command_request ON command (requested_at, command);
CREATE INDEX command_point ON command (point, requested_at, command);
CREATE INDEX command_over ON command (coalesce(ended_at, requested_at));

CREATE TABLE history (
    site TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER NOT NULL,             -- the next row or how long this one holds, exclusive
    allocated_w INTEGER,                -- NULL in a gap, like the next two
    draw_w INTEGER,
    active_sessions INTEGER,
    PRIMARY KEY (site, at),
    CHECK ((allocated_w IS NULL) = (draw_w IS NULL)
        AND (allocated_w IS NULL) = (active_sessions IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE answer (
    key TEXT PRIMARY KEY,
    request_sha256 BLOB NOT NULL CHECK (length(request_sha256) = 32),
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX answer_at ON answer (at);
