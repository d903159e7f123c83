"""A load of many pairs, made cheaply: a clip is encoded once, and each user replays it.

- ``clip``          the pictures and sounds that all users send
- ``user``          one user: signalling, and what it receives
- ``player``        what a user sends, and when
- ``crowd``         all users: they join, meet, part and leave
- ``tally``         what is measured; ``distribution`` holds many measurements in little room
- ``limits``        what must not be exceeded
- ``display``       progress and result, for people
- ``run``           a load test from its options to its exit status
"""
