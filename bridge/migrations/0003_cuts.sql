-- A home that harms others is cut off, each time for longer.
ALTER TABLE home ADD COLUMN cuts      BIGINT NOT NULL DEFAULT 0;   -- how often in a row
ALTER TABLE home ADD COLUMN cut_until BIGINT NOT NULL DEFAULT 0;
