-- What a consumer does first, in one round trip: what is new goes into the inbox and, if all of it
-- was, the keys among these that are parked are read. Each statement of the function sees what was
-- committed before it (PostgreSQL manual, 38.7, VOLATILE), so the second sees what the first has
-- waited for. FOR SHARE makes a redrive that is about to delete a key finish first.
CREATE FUNCTION receive(
    consumer text, sources text[], ids text[], hashes bytea[], received_at timestamptz,
    topics text[], keys bytea[]
) RETURNS TABLE (new_source text, new_id text, parked_topic text, parked_key bytea)
LANGUAGE plpgsql AS $$
DECLARE
    new_count bigint;
BEGIN
    RETURN QUERY
    INSERT INTO inbox (consumer, source, id, hash, disposition, received_at)
    SELECT receive.consumer, u.source, u.id, u.hash, 'applied', receive.received_at
    FROM unnest(sources, ids, hashes) u(source, id, hash)
    ORDER BY u.source COLLATE "C", u.id COLLATE "C"
    ON CONFLICT DO NOTHING RETURNING source, id, NULL::text, NULL::bytea;
    GET DIAGNOSTICS new_count = ROW_COUNT;
    IF new_count = cardinality(ids) THEN
        RETURN QUERY
        SELECT NULL::text, NULL::text, p.topic, p.key FROM parked_keys p
        WHERE p.consumer = receive.consumer
          AND (p.topic, p.key) IN (SELECT t, k FROM unnest(topics, keys) u(t, k))
        ORDER BY p.topic, p.key FOR SHARE;
    END IF;
END
$$;
