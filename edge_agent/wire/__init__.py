"""The MQTT contract: topics, messages, frames, and the link that carries them."""
