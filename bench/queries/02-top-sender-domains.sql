SELECT SenderFromDomain, count(*) AS Messages, count(DISTINCT RecipientEmailAddress) AS Recipients FROM EmailEvents
WHERE EmailDirection = 'Inbound'
GROUP BY SenderFromDomain ORDER BY Messages DESC, SenderFromDomain LIMIT 10
