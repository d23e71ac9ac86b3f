SELECT UserId, count(*) AS Rules, min(TimeGenerated) AS First FROM OfficeActivity
WHERE lower(Operation) IN ('new-inboxrule', 'set-inboxrule') AND regexp_matches(Parameters, '(?i)(^|[^0-9a-z])forwardto($|[^0-9a-z])')
GROUP BY UserId ORDER BY UserId
