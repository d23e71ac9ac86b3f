SELECT DeliveryAction, count(*) AS Messages
FROM (SELECT arg_max(DeliveryAction, TimeGenerated) AS DeliveryAction FROM EmailEvents GROUP BY NetworkMessageId)
GROUP BY DeliveryAction ORDER BY DeliveryAction
