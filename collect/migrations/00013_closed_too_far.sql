-- +goose Up

-- An hour that was closed again took those before it for closed as well, also where
-- one had never been: it stayed late for ever, and its day without a certificate. So
-- closed_through goes back to the first hour that has no row. What such hours hold is
-- known still: blobs are removed only once their day is certified. Most ledgers have
-- no such hour; counting says so without a look for each.
WITH stream AS MATERIALIZED (
  SELECT tenant, content_type, (listed_from + 3599999999) / 3600000000 * 3600000000 AS first, closed_through AS through
  FROM collect_stream WHERE listed_from IS NOT NULL AND closed_through IS NOT NULL
), holed AS MATERIALIZED (
  SELECT * FROM stream s WHERE (through - first) / 3600000000 > (
    SELECT count(*) FROM collect_hour h WHERE h.tenant = s.tenant AND h.content_type = s.content_type AND h.hour >= s.first AND h.hour < s.through)
), hole AS MATERIALIZED (
  SELECT s.tenant, s.content_type, min(c.hour) AS hour FROM holed s JOIN (
    SELECT tenant, content_type, first AS hour FROM holed
    UNION ALL
    SELECT h.tenant, h.content_type, h.hour + 3600000000 FROM collect_hour h JOIN holed USING (tenant, content_type)
  ) c USING (tenant, content_type)
  WHERE c.hour >= s.first AND c.hour < s.through AND NOT EXISTS (
    SELECT 1 FROM collect_hour h WHERE h.tenant = s.tenant AND h.content_type = s.content_type AND h.hour = c.hour)
  GROUP BY 1, 2
)
UPDATE collect_stream SET closed_through = hole.hour FROM hole
WHERE hole.tenant = collect_stream.tenant AND hole.content_type = collect_stream.content_type;
