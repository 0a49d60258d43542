-- How many orders there are on each day; run by example_spanner_sql_files.
-- Each statement can be repeated: a run that finds its work done changes nothing.

CREATE TABLE IF NOT EXISTS {{ params.table }} (
  Day DATE NOT NULL,       -- in UTC; the day ends at midnight
  Orders INT64 NOT NULL,
  Note STRING(MAX) DEFAULT ('counted; not checked'),
) PRIMARY KEY (Day DESC);

/* The report asks for the days with the most orders;
   without an index it would read them all. */
CREATE INDEX IF NOT EXISTS {{ params.table }}ByOrders
  ON {{ params.table }} (Orders DESC);

CREATE OR REPLACE VIEW Busy{{ params.table }} SQL SECURITY INVOKER AS
  SELECT days.Day, days.Orders FROM {{ params.table }} AS days WHERE days.Orders > 1000;
