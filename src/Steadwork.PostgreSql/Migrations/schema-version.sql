-- Which migrations have been carried out. It marks the schema as a store's.
CREATE TABLE steadwork.schema_version (version integer NOT NULL);
INSERT INTO steadwork.schema_version (version) VALUES (1);
