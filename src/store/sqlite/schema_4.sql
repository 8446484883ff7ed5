-- What start and stop said by themselves, to recognise repetitions; NULL: not known.
ALTER TABLE charging_transaction ADD COLUMN said INTEGER;
ALTER TABLE charging_transaction ADD COLUMN stop_said INTEGER;
ALTER TABLE charging_transaction ADD COLUMN meter_stop_wh INTEGER;
-- What drivers want.
ALTER TABLE charging_transaction ADD COLUMN departure INTEGER;  -- NULL where unknown, like the next
ALTER TABLE charging_transaction ADD COLUMN wish_wh INTEGER;
