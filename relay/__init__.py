"""A random one-to-one video chat whose server carries the media.

A map of the house, from the wire inwards:

The server:

- ``protocol``      the signalling messages, one type each
- ``signaling``     a WebSocket is a user: the gateway, the session and the lobby
- ``matching``      who may meet whom, and in which state a user is: decisions only
- ``store``         where the queue and the rooms live
- ``cluster``       many machines as one server: the other nodes, and what they say
- ``safety``        what protects strangers: who is who without names, limits, reports, bans
- ``records``       what outlives the process: the database, and its versions
- ``evidence``      what is kept of a call that was reported, sealed for the operators
- ``plane``         the border between signalling and media: links, what operators read, taps
- ``workers``       media in processes of its own: placing, supervising, adopting
- ``media``         the relay proper: ICE, DTLS, RTP and RTCP, links and routes
- ``tunnel``        media over TCP: ICE-TCP, and TURN to this server alone
- ``door``          connections before they have asked for anything: how many, and for how long
- ``taps``          what operators may look into: snapshots, recordings, captures, the audit log
- ``classify``      a helper that looks at pictures, in a process of its own, where it is asked for
- ``api``           HTTP: the page, health and metrics, the operators' API and dashboard

Around it:

- ``bots``          clients that join from outside, through the public protocol only
- ``ops``           what operators do from a terminal or a script, through the API only
- ``doctor``        looks at settings and machine, and says what to change
- ``init``          from a few answers to the files with which a server is started
- ``over_tcp``      puts those together that carry media over TCP
- ``traces``        whether meetings are traced; ``spans`` sends them to a collector
- ``carrier``       makes the media plane of a server, and starts it
- ``looking``       puts together what looks at pictures, and what keeps them
- ``stored``        what outlives the server: its folder, and the database while it runs
- ``clustered``     a node of a cluster, made as the settings say
- ``reloading``     what a server takes up anew while it runs
- ``alive``         whether a server lives, for who asks all day
- ``supervisor``    systemd, or whatever else has started the process: what it is told
- ``departing``     from the first signal to the end, while users move to other servers
- ``certificate``   that of a server as long as it runs, read again when its files change
- ``application``   the routes that answer, of what a server is made of
- ``app``           puts the parts together; ``config``, ``values`` and ``cli`` are its front
- ``entry``         the command's first moments, while all this is imported
- ``wording``       what is said of a setting that has a wrong value
- ``renamed``       settings that had another name before
- ``core_settings``    those of the settings that every server has; ``setting`` is one
- ``safety_settings``  those that are about strangers
- ``cluster_settings`` those that are about clusters

What several of them need:

- ``track``         the table of figures that operators see of a track
- ``quality``       how well somebody sees and hears a partner, in one figure
- ``seam``          every private name of another package that is used, but those of ``srtp``
- ``bare``          single modules of packages, without all that those would import
- ``srtp``          libsrtp, by its private names
- ``tls``           certificates: the operator's, or one made for the run
- ``cookies``       how a cookie of the page is called, and where browsers send it
- ``framing``       where datagrams begin and end in a stream
- ``transport_cc``  feedback of congestion control on the wire
- ``families``      IPv4 and IPv6: which addresses this machine has, and what stands for all
- ``pace``          how often something may happen
- ``whole``         writes a file whole or not at all, and waits for nobody to read one
- ``typed``         typed messages as bytes, between processes and machines
- ``loop``          how late an event loop is, and how much of a core it uses
- ``ticking``       lets time pass only while it matters
- ``source``        which addresses count as one sender
- ``target``        the server that a command is about, as the command line names it
- ``proxies``       whose a request is that came through reverse proxies
- ``serial``        the distance of numbers that begin again at 0
- ``histogram``     how often something took how long
- ``logs``          how log events look
- ``errors``        every error that this package raises
"""

__version__ = "0.1.0"
