"""What operators do from a terminal or a script, through the public API only.

- ``client``    the API under ``/api/v1`` as a typed asynchronous client: ``exchange`` is its HTTP,
  ``casework`` its part about reports, bans and operators
- ``models``    what it answers
- ``stream``    server-sent events, read
- ``figures``   numbers with units, for people
- ``plots``     sparklines and graphs of characters
- ``history``   the last minute of each track
- ``tables``    lists as tables; ``page`` is one track's page
- ``live``      views that follow the event stream
- ``case_tables``  reports, bans and appeals, as tables and one by one; ``visible`` makes what
  strangers wrote harmless
- ``files``     what is written to files
- ``evidence``  opens what was sealed, and asks no relay
- ``taps``      snapshot, recording and capture, to a file
- ``commands``  the commands of ``relay`` made of these; ``looks`` and ``draining`` are two groups
  of them, and ``connection`` is what they share
- ``desk``      the commands about reports, bans, appeals and operators; ``verdicts`` is what they
  do, ``spans`` how long a ban lasts
- ``address``   which relay is meant, and its token; ``reasons`` why it did not do it
"""
