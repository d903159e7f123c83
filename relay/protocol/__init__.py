"""The wire between a client and the relay: one JSON object a WebSocket text frame.

- ``messages``  one type for each message, and what is read and written of them
"""
