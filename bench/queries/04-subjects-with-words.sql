SELECT date_trunc('day', TimeGenerated) AS TimeGenerated, DeliveryAction, count(*) AS Messages FROM EmailEvents
WHERE regexp_matches(Subject, '(?i)(^|[^0-9a-z])(invoice|payroll|remittance)($|[^0-9a-z])')
GROUP BY ALL ORDER BY 1, 2
