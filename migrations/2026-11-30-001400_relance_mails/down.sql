ALTER TABLE relance_tasks
    DROP COLUMN refused_copies,
    DROP COLUMN message_id;
