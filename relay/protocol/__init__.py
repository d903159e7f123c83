"""The wire between a client and the relay: one JSON object a WebSocket text frame."""
