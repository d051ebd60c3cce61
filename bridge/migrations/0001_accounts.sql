-- For SQLite and PostgreSQL alike: BIGINT and TEXT only; ids are made by the bridge; times are seconds since 1970.

CREATE TABLE account (
    id            BIGINT NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL UNIQUE,
    folded        TEXT   NOT NULL UNIQUE,  -- the name in lower case
    origin        TEXT   NOT NULL,         -- 'local' or 'emoncms'
    upstream_id   BIGINT UNIQUE,           -- the account's number at the upstream emoncms
    userid        BIGINT NOT NULL,         -- what auth.json says
    password_hash TEXT   NOT NULL,         -- argon2id, PHC form
    totp_secret   TEXT,                    -- sealed
    totp_step     BIGINT NOT NULL,         -- the last one used
    disabled      BIGINT NOT NULL,         -- 0 or 1
    created       BIGINT NOT NULL,
    signed_in     BIGINT
);

CREATE TABLE recovery_code (
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    hash       TEXT   NOT NULL,
    PRIMARY KEY (account_id, hash)
);

CREATE TABLE session (
    hash       TEXT   NOT NULL PRIMARY KEY,
    id         BIGINT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created    BIGINT NOT NULL,
    seen       BIGINT NOT NULL,
    expires    BIGINT NOT NULL,
    address    TEXT   NOT NULL,
    agent      TEXT   NOT NULL
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE api_key (
    hash       TEXT   NOT NULL PRIMARY KEY,
    id         BIGINT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    rights     TEXT   NOT NULL,            -- 'read' or 'write'
    label      TEXT   NOT NULL,
    program    BIGINT NOT NULL,            -- 1: made for a program by auth.json
    created    BIGINT NOT NULL,
    used       BIGINT
);
CREATE INDEX api_key_account ON api_key (account_id);

CREATE TABLE home (
    id               BIGINT NOT NULL PRIMARY KEY,
    account_id       BIGINT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name             TEXT   NOT NULL,
    site             TEXT   NOT NULL UNIQUE,
    title            TEXT   NOT NULL,
    credential       TEXT   NOT NULL,      -- 'none', 'device' or 'account'
    nonce            TEXT   NOT NULL,      -- what the device's password is derived from
    dirty            BIGINT NOT NULL,      -- 1: the broker has yet to be told
    first_generation BIGINT NOT NULL,
    agent            TEXT,
    created          BIGINT NOT NULL,
    seen             BIGINT,
    UNIQUE (account_id, name)
);
CREATE INDEX home_dirty ON home (dirty);

CREATE TABLE pairing (
    hash    TEXT   NOT NULL PRIMARY KEY,
    home_id BIGINT NOT NULL REFERENCES home (id) ON DELETE CASCADE,
    expires BIGINT NOT NULL
);
CREATE INDEX pairing_home ON pairing (home_id);

-- Without a reference: what happened stays, also to an account that is gone.
CREATE TABLE audit (
    id         BIGINT NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    account_id BIGINT,
    account    TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    address    TEXT   NOT NULL,
    detail     TEXT   NOT NULL
);
CREATE INDEX audit_account ON audit (account_id, at);
CREATE INDEX audit_at ON audit (at);
