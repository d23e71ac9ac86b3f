SELECT UserId, len(list(DISTINCT ClientIP)) AS Addresses, count(DISTINCT date_trunc('day', TimeGenerated)) AS Days FROM OfficeActivity
GROUP BY UserId ORDER BY UserId
