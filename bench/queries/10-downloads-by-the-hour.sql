SELECT UserId, max(Files) AS Busiest, count(*) AS Hours FROM (
  SELECT UserId, count(*) AS Files FROM OfficeActivity
  WHERE contains(lower(Operation), 'download') AND ends_with(lower(UserId), '@agency.example')
  GROUP BY UserId, date_trunc('hour', TimeGenerated) HAVING Files > 1)
GROUP BY UserId ORDER BY UserId
