SELECT Operation, count(*) AS Count FROM OfficeActivity
WHERE TimeGenerated BETWEEN TIMESTAMP '2026-03-10' AND TIMESTAMP '2026-03-11'
GROUP BY Operation ORDER BY Operation
