-- Another credential ends a home's cut, but only once an hour.
ALTER TABLE home    ADD COLUMN pardoned  BIGINT NOT NULL DEFAULT 0;   -- when it last did
-- What is kept of homes that were deleted, for those that are made in their place.
ALTER TABLE account ADD COLUMN cuts      BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN cut_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN pardoned  BIGINT NOT NULL DEFAULT 0;
