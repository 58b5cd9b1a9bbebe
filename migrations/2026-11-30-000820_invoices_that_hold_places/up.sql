-- Invoices that were reminded and are given up: the recent ones keep their place in the subscription's limit.
CREATE INDEX CONCURRENTLY invoices_given_up ON invoices (organization_id)
    WHERE chased AND (plan_id IS NULL OR status = 'cancelled');
