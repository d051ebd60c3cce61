-- What a home did before is no matter of its next credential.
ALTER TABLE home ADD COLUMN renewed BIGINT NOT NULL DEFAULT 0;   -- when it last got another one
