-- Which database this is: brokers remember it, so that a bridge that is given another one changes nothing there.
CREATE TABLE identity (
    one     BIGINT NOT NULL PRIMARY KEY,   -- always 1: there is one row
    id      TEXT   NOT NULL,               -- random, made by the first bridge
    checked BIGINT NOT NULL                -- when it was last tried whether the database can be written
);
