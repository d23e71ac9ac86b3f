SELECT AccountUpn, count(*) AS Clicks
FROM EmailEvents AS e JOIN UrlClickEvents AS c ON e.NetworkMessageId = c.NetworkMessageId
WHERE e.ThreatTypes = 'Phish' AND c.ActionType = 'ClickAllowed'
GROUP BY AccountUpn ORDER BY AccountUpn
