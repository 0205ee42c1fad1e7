-- Spans of traces, the newest: eight partitions that are filled in turn, so that the oldest go by emptying one. Not in the WAL: after a crash of PostgreSQL they are gone, and nothing else is.
CREATE TABLE spans (
    slot     smallint NOT NULL,
    trace_id bytea NOT NULL,
    span     text NOT NULL
) PARTITION BY LIST (slot);
CREATE UNLOGGED TABLE spans_0 PARTITION OF spans FOR VALUES IN (0);
CREATE UNLOGGED TABLE spans_1 PARTITION OF spans FOR VALUES IN (1);
CREATE UNLOGGED TABLE spans_2 PARTITION OF spans FOR VALUES IN (2);
CREATE UNLOGGED TABLE spans_3 PARTITION OF spans FOR VALUES IN (3);
CREATE UNLOGGED TABLE spans_4 PARTITION OF spans FOR VALUES IN (4);
CREATE UNLOGGED TABLE spans_5 PARTITION OF spans FOR VALUES IN (5);
CREATE UNLOGGED TABLE spans_6 PARTITION OF spans FOR VALUES IN (6);
CREATE UNLOGGED TABLE spans_7 PARTITION OF spans FOR VALUES IN (7);
CREATE INDEX spans_trace ON spans (trace_id);

-- One row: which partition is filled, and since when.
CREATE TABLE span_ring (
    slot      smallint PRIMARY KEY,
    opened_at timestamptz NOT NULL
) WITH (fillfactor = 50);
INSERT INTO span_ring VALUES (0, now());
