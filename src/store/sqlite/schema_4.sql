-- What drivers want.
ALTER TABLE charging_transaction ADD COLUMN departure INTEGER;  -- NULL where unknown, like the next
ALTER TABLE charging_transaction ADD COLUMN wish_wh INTEGER;
