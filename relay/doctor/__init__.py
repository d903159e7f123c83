"""``relay doctor``: looks at the machine and the settings before users do.

- ``findings``  what is found: a grade, a sentence, and what to change
- ``ports``     whether the ports are free, or held by a running relay
- ``holders``   which program has a port
- ``workers``   whether media processes can be had, and a folder for their sockets
- ``network``   which addresses browsers are told, and TLS
- ``names``     whether the page's names lead to this machine
- ``cluster``   whether it can be a node: address, ports, Redis, and a database that all share
- ``places``    whether files and folders are there, and could be made
- ``storage``   whether the data folder and the database can be used
- ``system``    clock, file limits, idle cores, socket buffers, UDP segmentation
- ``tracing``   whether traces of meetings can be sent
- ``report``    all of it, the settings and the files that they name included, as text or JSON
"""
