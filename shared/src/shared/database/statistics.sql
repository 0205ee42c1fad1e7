-- How many rows are open is right for a moment only: few as a rule, nearly all behind an outage. A
-- plan that counts on few looks through all that are open for each row it is about. Without
-- statistics of this column PostgreSQL takes half of the rows for open, and its plans hold for many.
-- That the type is told, as it is, forgets the statistics that were made before.
ALTER TABLE work_rows ALTER COLUMN done TYPE boolean, ALTER COLUMN done SET STATISTICS 0;
