ALTER TABLE invoices VALIDATE CONSTRAINT invoices_overpaid;
ALTER TABLE payments VALIDATE CONSTRAINT payments_void_reason;
