"""From MQTT frames to stored facts: validate, write, ledger, acknowledge."""
