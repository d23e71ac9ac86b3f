SELECT SenderFromDomain, count(*) AS Messages FROM EmailEvents
WHERE json_extract_string(AuthenticationDetails, '$.SPF') = 'fail'
GROUP BY SenderFromDomain ORDER BY SenderFromDomain
