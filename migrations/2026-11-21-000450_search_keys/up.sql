-- What a text of an organization is found by: each three letters that follow one another in it, and each letter
-- that begins a word, hashed together with the organization. What occurs in a text has no other keys than the
-- text has, so an index of them finds all texts in which it occurs, and few besides; LIKE tells which.
-- Trigrams alone have an entry for all organizations together, which is read longer the more of them there are.
-- The keys of an organization lie side by side: the upper half is its hash.
CREATE FUNCTION search_keys(organization uuid, searched text) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
    RETURN (
        SELECT coalesce(array_agg(tenant | (hashtext(substr(searched, n, 3))::bigint & 4294967295))
                            FILTER (WHERE n < length(searched) - 1), '{}')
            || coalesce(array_agg(tenant | (hashtext(substr(searched, n, 2))::bigint & 4294967295))
                            FILTER (WHERE substr(searched, n, 1) = ' '), '{}')
          FROM (SELECT uuid_hash(organization)::bigint << 32 OFFSET 0) AS hashed(tenant),
               generate_series(1, length(searched) - 1) AS n
    );
