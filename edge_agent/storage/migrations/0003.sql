-- Salvaged alarms and records that the gateway has acknowledged stay until its backup has them, like those of `kept`.
-- `lane.unsafe` counts acknowledged facts that had to go before a backup had them.
ALTER TABLE salvaged ADD COLUMN acked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX salvaged_waiting ON salvaged (epoch, lane, seq) WHERE acked = 0;
ALTER TABLE lane ADD COLUMN unsafe INTEGER NOT NULL DEFAULT 0;
