-- Gives each organization as many invoices as `wanted` says, by copying the one that the domain put
-- in with all that belongs to it: the client, the reminder, its job, the events. Only ids, numbers and
-- names are others, so that nothing here has to know the other columns.
CREATE TEMPORARY TABLE copies AS
    SELECT subject.*, {fresh} AS new_client, {fresh} AS new_invoice, {fresh} AS new_task,
        to_char(subject.k, 'FM00000000') AS number
    FROM (
        -- In turn, as organizations come to have invoices side by side.
        SELECT row_number() OVER (ORDER BY k, invoice.id) AS n, k, invoice.client_id AS client,
            invoice.id AS invoice, task.id AS task, task.queue_job_id AS job
        FROM wanted
        JOIN invoices AS invoice ON invoice.organization_id = wanted.organization_id
        JOIN relance_tasks AS task ON task.invoice_id = invoice.id
        CROSS JOIN generate_series(1, wanted.invoices - 1) AS k
    ) AS subject;

INSERT INTO clients SELECT made.* FROM copies JOIN clients AS one ON one.id = copies.client,
    jsonb_populate_record(one, jsonb_build_object(
        'id', new_client,
        'name', replace(one.name, '0000', number),
        'email', replace(one.email, '0000', number),
        'search_text', replace(one.search_text, '0000', number)
    )) AS made
    ORDER BY copies.n;

INSERT INTO invoices SELECT made.* FROM copies JOIN invoices AS one ON one.id = copies.invoice,
    jsonb_populate_record(one, jsonb_build_object(
        'id', new_invoice,
        'client_id', new_client,
        'numero', replace(one.numero, '0000', number),
        'numero_key', NULL,
        'search_text', replace(one.search_text, '0000', number)
    )) AS made
    ORDER BY copies.n;

INSERT INTO relance_tasks SELECT made.* FROM copies JOIN relance_tasks AS one ON one.id = copies.task,
    jsonb_populate_record(one, jsonb_build_object(
        'id', new_task,
        'invoice_id', new_invoice,
        'queue_job_id', replace(one.queue_job_id, task::text, new_task::text)
    )) AS made
    ORDER BY copies.n;

INSERT INTO jobs SELECT made.* FROM copies JOIN jobs AS one ON one.id = copies.job,
    jsonb_populate_record(one, jsonb_build_object(
        'id', replace(one.id, task::text, new_task::text),
        'payload', replace(one.payload::text, task::text, new_task::text)::jsonb
    )) AS made
    ORDER BY copies.n;

INSERT INTO activity_events SELECT made.*
    FROM (
        SELECT row_number() OVER (ORDER BY copies.n, event.id) AS n, copies.n AS copy, event.id AS event
        FROM copies JOIN activity_events AS event ON event.invoice_id = copies.invoice
    ) AS subject
    JOIN copies ON copies.n = subject.copy
    JOIN activity_events AS one ON one.id = subject.event,
    jsonb_populate_record(one, jsonb_build_object(
        'id', {fresh},
        'invoice_id', new_invoice,
        'meta', replace(replace(one.meta::text, invoice::text, new_invoice::text),
            client::text, new_client::text)::jsonb
    )) AS made
    ORDER BY subject.n;

DROP TABLE copies;
