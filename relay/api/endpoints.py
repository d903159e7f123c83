"""The operators' API as a table: the routes and the OpenAPI document are both made from it.

An operation is carried out by the method of its name, of :class:`relay.api.v1.Api`, ``Taps``,
``Desk``, ``Vault`` or ``Staff``.
"""

from relay.api import cases, models, orders, queries
from relay.api.endpoint import Endpoint
from relay.records import Role

PREFIX = "/api/v1"


_LOOKS = {
    "getTotals": Endpoint(
        "GET",
        "/totals",
        "How the server is doing; in a cluster, all nodes in sum.",
        models.Totals,
        queries.NodeQuery,
    ),
    "listNodes": Endpoint(
        "GET", "/nodes", "The nodes of the cluster, and how each is doing.", models.Nodes
    ),
    "getHistory": Endpoint(
        "GET",
        "/history",
        "How the server did in the last hour.",
        models.History,
        queries.NodeQuery,
    ),
    "listUsers": Endpoint(
        "GET",
        "/users",
        "Who is connected.",
        models.Users,
        queries.NodePage,
    ),
    "disconnectUser": Endpoint(
        "DELETE",
        "/users/{id}",
        "Disconnect a user: its WebSocket is closed with 4001, a partner gets"
        " `partner_disconnected`.",
        can_be_late=True,
        role=Role.MODERATOR,
    ),
    "listRooms": Endpoint("GET", "/rooms", "Who talks.", models.Rooms, queries.RoomQuery),
    "endRoom": Endpoint(
        "DELETE",
        "/rooms/{id}",
        "End a room: both users get `partner_left` and stay connected.",
        can_be_late=True,
        role=Role.MODERATOR,
    ),
    "listLinks": Endpoint(
        "GET",
        "/links",
        "The media connections.",
        models.Links,
        queries.NodePage,
    ),
    "listTracks": Endpoint(
        "GET",
        "/tracks",
        "Every stream, up and down.",
        models.Tracks,
        queries.TrackQuery,
    ),
    "listWorkers": Endpoint(
        "GET",
        "/workers",
        "The media processes.",
        models.Workers,
        queries.NodeQuery,
    ),
    "getTrack": Endpoint("GET", "/tracks/{id}", "One stream.", models.Track, more_faults=(503,)),
    "getThresholds": Endpoint(
        "GET", "/thresholds", "From where on figures are bad, and nearly so.", models.Thresholds
    ),
    "startDrain": Endpoint(
        "POST",
        "/drain",
        "Take no new users: `/ready` and the WebSocket answer 503; users without a partner are"
        " moved to other servers, calls go on until the deadline, if there is one. Harmless when"
        " repeated. In a cluster it is the node that is named, or else the one that is asked.",
        models.Drain,
        queries.NodeQuery,
        body=orders.DrainOrder,
        needs_body=False,
        role=Role.ADMIN,
    ),
    "endDrain": Endpoint(
        "DELETE",
        "/drain",
        "Take new users again.",
        models.Drain,
        queries.NodeQuery,
        role=Role.ADMIN,
    ),
    "streamEvents": Endpoint(
        "GET",
        "/events",
        "A snapshot each second, as server-sent events named `snapshot`. A reader that takes none"
        " for 5 s is dropped.",
        models.Snapshot,
        queries.EventQuery,
        streams=True,
    ),
    "takeSnapshot": Endpoint(
        "POST",
        "/tracks/{id}/snapshot",
        "What a video track looks like: its next key frame, which the sender is asked for. Written"
        " to the audit log.",
        media_type="image/png",
        more_faults=(422, 503, 504),
        role=Role.ADMIN,
    ),
    "recordRoom": Endpoint(
        "POST",
        "/rooms/{id}/record",
        "What both users of a room send, as WebM without encoding it again, until the two part."
        " Written to the audit log. A reader that takes nothing for 5 s is dropped.",
        query=queries.TapQuery,
        media_type="video/webm",
        more_faults=(503,),
        role=Role.ADMIN,
    ),
    "captureLink": Endpoint(
        "POST",
        "/links/{id}/pcap",
        "A link's RTP packets, decrypted, as pcapng with made-up addresses, until the link ends;"
        " only their headers unless `payload` is true. Written to the audit log. A reader that"
        " takes nothing for 5 s is dropped.",
        query=queries.CaptureQuery,
        media_type="application/x-pcapng",
        more_faults=(503,),
        role=Role.ADMIN,
    ),
    "listAudit": Endpoint(
        "GET",
        "/audit",
        "Who has looked into which calls, and for how long.",
        models.Audit,
        queries.AuditQuery,
        more_faults=(503,),
    ),
    "getOpenApi": Endpoint("GET", "/openapi.json", "This document.", is_public=True),
}

_DESK = {
    "listReports": Endpoint(
        "GET",
        "/reports",
        "The reports that are open: the most urgent first, then those about whom most complain, the"
        " oldest; or all reports.",
        cases.Reports,
        cases.ReportQuery,
        is_stored=True,
    ),
    "getReport": Endpoint(
        "GET",
        "/reports/{id}",
        "One report, with the history of both sides.",
        cases.Card,
        is_stored=True,
    ),
    "takeReport": Endpoint(
        "POST",
        "/reports/{id}/take",
        "Have a report be one's own for 10 minutes, so that nobody else decides it. 409 says whose"
        " it is.",
        cases.Report,
        more_faults=(409,),
        is_stored=True,
        role=Role.MODERATOR,
    ),
    "giveReportBack": Endpoint(
        "DELETE",
        "/reports/{id}/take",
        "Have it be anybody's again; harmless when it is another's.",
        is_stored=True,
        role=Role.MODERATOR,
    ),
    "decideReport": Endpoint(
        "POST",
        "/reports/{id}/decision",
        "Decide a report. Its reporter is told the outcome; who is warned or banned is told, too,"
        " but not by whom it was reported.",
        cases.Report,
        body=orders.DecisionOrder,
        more_faults=(409,),
        is_stored=True,
        role=Role.MODERATOR,
    ),
    "listBans": Endpoint(
        "GET",
        "/bans",
        "Who may not come in, newest first.",
        cases.Bans,
        cases.BanQuery,
        is_stored=True,
    ),
    "getBan": Endpoint(
        "GET",
        "/bans/{id}",
        "One ban, with its appeal and the history of who is banned.",
        cases.BanCard,
        is_stored=True,
    ),
    "ban": Endpoint(
        "POST",
        "/bans",
        "Ban somebody; who is connected gets the close code 4004.",
        cases.Ban,
        body=orders.NewBan,
        more_faults=(404,),
        is_stored=True,
        role=Role.MODERATOR,
    ),
    "liftBan": Endpoint(
        "DELETE",
        "/bans/{id}",
        "Lift a ban. 409 says that it is over already.",
        cases.Ban,
        orders.LiftQuery,
        more_faults=(409,),
        is_stored=True,
        role=Role.MODERATOR,
    ),
    "listAppeals": Endpoint(
        "GET",
        "/appeals",
        "The appeals that are open, the oldest first; or all, the newest first.",
        cases.Appeals,
        cases.AppealQuery,
        is_stored=True,
    ),
    "getAppeal": Endpoint(
        "GET",
        "/appeals/{id}",
        "One appeal, with the ban and the history of who is banned.",
        cases.AppealCard,
        is_stored=True,
    ),
    "answerAppeal": Endpoint(
        "POST",
        "/appeals/{id}/answer",
        "Answer an appeal; `granted` lifts the ban. 409 says that it is answered already.",
        cases.Appeal,
        body=orders.AppealAnswer,
        more_faults=(409,),
        is_stored=True,
        role=Role.MODERATOR,
    ),
}

_VAULT = {
    "listEvidence": Endpoint(
        "GET",
        "/reports/{id}/evidence",
        "What was kept for a report.",
        cases.EvidenceList,
        is_stored=True,
    ),
    "listChain": Endpoint(
        "GET",
        "/evidence/chain",
        "All that was ever kept, in its order, without what is sealed in it.",
        cases.EvidenceList,
        cases.ChainQuery,
        is_stored=True,
    ),
    "readEvidence": Endpoint(
        "GET",
        "/evidence/{id}",
        "A line of JSON that tells its place in the chain, and what is sealed in it: only the"
        " holder of the private key can read that. Written to the audit log before.",
        media_type="application/octet-stream",
        is_stored=True,
        role=Role.MODERATOR,
    ),
    "holdEvidence": Endpoint(
        "POST",
        "/evidence/{id}/hold",
        "Keep it until it is released.",
        body=orders.Hold,
        is_stored=True,
        role=Role.MODERATOR,
    ),
    "releaseEvidence": Endpoint(
        "DELETE",
        "/evidence/{id}/hold",
        "Keep it no longer than others.",
        is_stored=True,
        role=Role.MODERATOR,
    ),
}

_STAFF = {
    "listOperators": Endpoint(
        "GET",
        "/operators",
        "Who is an operator, with which role.",
        cases.OperatorList,
        is_stored=True,
        role=Role.ADMIN,
    ),
    "addOperator": Endpoint(
        "POST",
        "/operators",
        "Add an operator. The token in the answer is told this once. 409 says that the name is"
        " taken.",
        cases.AddedOperator,
        body=orders.NewOperator,
        more_faults=(409,),
        is_stored=True,
        role=Role.ADMIN,
    ),
    "removeOperator": Endpoint(
        "DELETE",
        "/operators/{id}",
        "Remove an operator by its name: its token and its logins open nothing from now on.",
        more_faults=(409,),
        is_stored=True,
        role=Role.ADMIN,
    ),
    "exportPrivacy": Endpoint(
        "GET",
        "/privacy/{id}",
        "All that is stored about a visitor, as it can be handed out to it.",
        cases.Personal,
        is_stored=True,
        role=Role.ADMIN,
    ),
    "forgetPrivacy": Endpoint(
        "DELETE",
        "/privacy/{id}",
        "Remove what is stored about a visitor, but for bans in force and open reports.",
        cases.Forgotten,
        is_stored=True,
        role=Role.ADMIN,
    ),
}

ENDPOINTS = _LOOKS | _DESK | _VAULT | _STAFF
