"""The wire between a client and the relay: one JSON object a WebSocket text frame.

- ``terms``     what messages are made of: limits, and the words that they choose from
- ``client``    what clients say, one type for each message
- ``server``    what the server says
- ``messages``  all of them, and what is read and written of them
"""
