SELECT TimeGenerated, Who FROM (
  SELECT TimeGenerated, UserId AS Who FROM OfficeActivity WHERE ClientIP = '203.0.113.77'
  UNION ALL SELECT TimeGenerated, SenderFromAddress FROM EmailEvents WHERE SenderIPv4 = '203.0.113.77')
ORDER BY TimeGenerated, Who LIMIT 1000
