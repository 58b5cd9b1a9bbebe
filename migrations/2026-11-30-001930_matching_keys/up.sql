-- The key under which two numbers of invoices are one: without case, width, spaces, dashes and characters that cannot
-- be seen. A number of nothing else is its own key.
CREATE FUNCTION numero_key_of(numero text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN coalesce(
        nullif(
            lower(regexp_replace(
                normalize(numero, NFKC),
                '[\s\u00ad\u034f\u058a\u061c\u115f\u1160\u17b4\u17b5\u1806\u180b-\u180f\u2000-\u2015\u2028-\u202f\u2043\u205f-\u206f\u2212\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff-]',
                '', 'g')),
            ''),
        numero);

-- The key under which two names of clients are one: without case, accents, ligatures, width, spaces and characters
-- that cannot be seen. A character may stand for 18 others there, and a row of an index for 2,700 bytes: it is cut.
CREATE FUNCTION client_name_key(name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN left(coalesce(
        nullif(
            replace(replace(replace(replace(
                lower(regexp_replace(
                    normalize(name, NFKD),
                    '[\s\u00ad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u2000-\u200f\u2028-\u202f\u205f-\u206f\u20d0-\u20ff\u2800\u3000\u3164\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]',
                    '', 'g')),
                'œ', 'oe'), 'æ', 'ae'), 'ß', 'ss'), '’', ''''),
            ''),
        name), 200);
