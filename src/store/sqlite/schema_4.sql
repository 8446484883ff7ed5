-- What start and stop said by themselves, to recognise repetitions; NULL: not known.
ALTER TABLE charging_transaction ADD COLUMN said INTEGER;
ALTER TABLE charging_transaction ADD COLUMN stop_said INTEGER;
ALTER TABLE charging_transaction ADD COLUMN meter_stop_wh INTEGER;
