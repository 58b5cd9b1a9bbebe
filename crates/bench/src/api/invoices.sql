-- Puts in the invoices {first} to {last} of {total}, the oldest first, with all that the product would have
-- written of them by now: their lines, their four reminders, the text of those that left, the jobs of those
-- to come, their payments, and the feed. They are of two years, and most of them are paid.

CREATE TEMPORARY TABLE chunk ON COMMIT DROP AS
WITH numbered AS (
    SELECT i,
           CASE WHEN i % 2 = 1 THEN 0 ELSE 1 + i / 2 % {small} END AS tenant,
           CASE WHEN i % 2 = 1 THEN i / 2 ELSE i / 2 / {small} END AS number,
           now() - interval '730 days' * (1 - i::float8 / {total}) AS created_at
      FROM generate_series({first}::bigint, {last}::bigint) AS i
), dated AS (
    SELECT numbered.*,
           created_at::date AS issue_date,
           created_at::date + 30 AS due_date,
           created_at < now() - interval '60 days' AND (i / 64) % 20 <> 0 AS is_paid
      FROM numbered
)
SELECT pg_temp.id_at(d.created_at) AS id,
       t.organization_id, t.owner_id, t.plan_id, t.steps, t.offsets,
       c.id AS client_id, c.name AS client_name, c.email AS client_email,
       format('F%s-%s', extract(year FROM d.created_at), lpad(d.number::text, 6, '0')) AS numero,
       5000 + d.i * 7919 % 1000000 AS amount,
       d.created_at, d.issue_date, d.due_date, d.is_paid,
       -- How many reminders have left.
       CASE WHEN d.is_paid THEN (d.i / 128 % 3)::int
            ELSE (SELECT count(*)::int FROM unnest(t.offsets) AS days WHERE d.due_date + days <= current_date)
       END AS sent
  FROM dated d
  JOIN tenants t ON t.number = d.tenant
  JOIN debtors c ON c.tenant = d.tenant
   AND c.client = d.number
       % greatest(1, {total} / 2 / CASE WHEN d.tenant = 0 THEN 1 ELSE {small} END / 20);

INSERT INTO invoices (id, organization_id, client_id, plan_id, numero, amount_ttc_cents, settled_cents,
                      currency, issue_date, due_date, status, rubis_earned, chased, paid_at, search_text,
                      created_at, updated_at)
SELECT id, organization_id, client_id, plan_id, numero, amount, CASE WHEN is_paid THEN amount ELSE 0 END,
       'EUR', issue_date, due_date,
       CASE WHEN is_paid THEN 'paid' WHEN sent > 0 THEN 'in_relance' ELSE 'pending' END::invoice_status,
       sent + is_paid::int, sent > 0, CASE WHEN is_paid THEN created_at + interval '50 days' END,
       format(E' %s\n %s', lower(numero), lower(client_name)), created_at, created_at
  FROM chunk
 ORDER BY id;

INSERT INTO invoice_lines (id, organization_id, invoice_id, position, description, quantity_thousandths,
                           unit_price_cents, vat_rate_basis_points)
SELECT pg_temp.id_at(created_at), organization_id, id, 0, 'Prestation selon devis', 1000, amount * 10 / 12,
       2000
  FROM chunk
 ORDER BY id;

INSERT INTO payments (id, organization_id, invoice_id, amount_cents, method, paid_on, created_at)
SELECT pg_temp.id_at(created_at + interval '50 days'), organization_id, id, amount, 'transfer',
       issue_date + 50, created_at + interval '50 days'
  FROM chunk
 WHERE is_paid
 ORDER BY id;

CREATE TEMPORARY TABLE task_chunk ON COMMIT DROP AS
SELECT pg_temp.id_at(c.created_at) AS id,
       c.id AS invoice_id, c.organization_id, c.owner_id, c.client_id, c.numero, c.client_email, c.created_at,
       c.steps[step] AS plan_step_id,
       c.due_date + c.offsets[step] AS meant_for,
       ((c.due_date + c.offsets[step]) + time '09:00') AT TIME ZONE 'Europe/Paris' AS send_at,
       CASE WHEN step <= c.sent THEN 'sent' WHEN c.is_paid THEN 'cancelled' ELSE 'scheduled'
       END::relance_status AS status,
       -- A formal notice is approved by a person.
       step <= c.sent AND step = 4 AS was_approved
  FROM chunk c, generate_series(1, 4) AS step;

INSERT INTO relance_tasks (id, organization_id, invoice_id, plan_step_id, send_at, meant_for, status, sent_at,
                           reason, drafted_at, approved_at, approved_by, subject, body, recipient,
                           queue_job_id, created_at, updated_at)
SELECT id, organization_id, invoice_id, plan_step_id, send_at, meant_for, status,
       CASE WHEN status = 'sent' THEN send_at END,
       CASE WHEN status = 'cancelled' THEN 'invoice_paid' END,
       CASE WHEN was_approved THEN send_at END,
       CASE WHEN was_approved THEN send_at END,
       CASE WHEN was_approved THEN owner_id END,
       CASE WHEN status = 'sent' THEN 'Votre facture ' || numero END,
       CASE WHEN status = 'sent' THEN format(
           E'Bonjour,\n\nSauf erreur de notre part, la facture %s est arrivée à échéance et son règlement ne '
           'nous est pas encore parvenu. Peut-être vous a-t-elle échappé ? Nous vous remercions de bien '
           'vouloir procéder à son règlement dès que possible.\n\nBien cordialement', numero) END,
       CASE WHEN status = 'sent' THEN client_email END,
       'relance:' || id, created_at, created_at
  FROM task_chunk
 ORDER BY id;

INSERT INTO jobs (id, queue, payload, organization_id, run_at, created_at)
SELECT 'relance:' || id, 'relances',
       jsonb_build_object('organization_id', organization_id, 'task_id', id),
       organization_id, send_at, created_at
  FROM task_chunk
 WHERE status = 'scheduled'
 ORDER BY id;

INSERT INTO activity_events (id, organization_id, kind, invoice_id, actor_user_id, meta, created_at)
SELECT pg_temp.id_at(happened_at), organization_id, kind, invoice_id, actor, meta, happened_at
  FROM (
    SELECT created_at AS happened_at, organization_id, 'invoice_created' AS kind, id AS invoice_id,
           owner_id AS actor,
           jsonb_build_object('invoiceId', id, 'clientId', client_id, 'numero', numero,
                              'amountTtcCents', amount, 'currency', 'EUR', 'dueDate', due_date,
                              'label', client_name) AS meta
      FROM chunk
    UNION ALL
    SELECT created_at, organization_id, 'relances_planned', id, NULL,
           jsonb_build_object('invoiceId', id, 'clientId', client_id, 'count', 4,
                              'firstSendAt', due_date + offsets[1])
      FROM chunk
    UNION ALL
    SELECT send_at, organization_id, 'relance_sent', invoice_id, NULL,
           jsonb_build_object('invoiceId', invoice_id, 'clientId', client_id, 'numero', numero, 'taskId', id)
      FROM task_chunk WHERE status = 'sent'
    UNION ALL
    SELECT created_at + interval '50 days', organization_id, 'invoice_paid', id, owner_id,
           jsonb_build_object('invoiceId', id, 'clientId', client_id, 'numero', numero,
                              'amountTtcCents', amount, 'currency', 'EUR', 'amountCents', amount,
                              'balanceCents', 0, 'label', '')
      FROM chunk WHERE is_paid
  ) AS happened
 ORDER BY happened_at;
