// @ts-check
/**
 * What the page's machine keeps, hears and orders: its state, its events, its commands. No browser loads this.
 *
 * @typedef {import("../wire/messages.js").ClientMessage} ClientMessage
 * @typedef {import("../media/devices.js").Kind} Kind
 * @typedef {import("../media/devices.js").DeviceProblem} DeviceProblem
 * @typedef {import("../media/devices.js").DeviceInfo} DeviceInfo
 * @typedef {import("./judgement.js").Line} Line
 * @typedef {import("../media/size.js").Size} Size
 *
 * @typedef {{ type: "agreed", rules: string }
 *   | { type: "preview_wanted" } | { type: "retry_pressed" }
 *   | { type: "start_pressed" } | { type: "next_pressed" } | { type: "stop_pressed" }
 *   | { type: "escape_pressed" } | { type: "swiped" } | { type: "undo_pressed" }
 *   | { type: "microphone_toggled" } | { type: "camera_toggled" } | { type: "camera_switched" }
 *   | { type: "device_chosen", kind: Kind, id: string }
 *   | { type: "setting_changed", change: Partial<Settings> }
 *   | import("./mode.js").ModeEvent | { type: "around_wanted" }
 *   | { type: "interest_added", text: string } | { type: "interest_removed", text: string }
 *   | import("./chat.js").ChatEvent | import("./pictures.js").PictureEvent
 *   | { type: "reaction_pressed", name: import("../wire/messages.js").ReactionName }
 *   | { type: "try_now_pressed" } | { type: "text_chosen" } | { type: "return_pressed" } | { type: "return_declined" }
 *   | { type: "conversation_kept", kept: Kept | null } | { type: "way_remembered", takesDetour: boolean }
 *   | { type: "message_unsent", message: ClientMessage }
 *   | { type: "trial_pressed" } | { type: "trial_opened" } | { type: "trial_closed" }
 *   | { type: "trial_heard", event: import("../media/peer.js").PeerEvent }
 *   | { type: "show_pressed" } | import("./complaint.js").ComplaintEvent
 *   | import("./news.js").NewsEvent | import("./banned.js").BannedEvent
 *   | import("../media/glance.js").GlanceEvent
 *   | { type: "time_passed" } | import("../browser/surroundings.js").SurroundingsEvent
 *   | import("./tryst.js").TrystEvent
 *   | import("../wire/wire.js").WireEvent | import("../wire/mover.js").MoveEvent
 *   | import("../media/devices.js").DeviceEvent | import("../media/peer.js").PeerEvent} Event
 *
 * @typedef {{ do: "open_devices", kinds: Kind[], ids: Record<Kind, string>, size: Size }
 *   | { do: "close_device", kind: Kind }
 *   | { do: "enable_microphone", enabled: boolean } | { do: "blur_background", isOn: boolean }
 *   | { do: "remember", settings: Settings }
 *   | { do: "send", message: ClientMessage } | { do: "reconnect" } | { do: "renew" }
 *   | { do: "move" } | { do: "probe" } | { do: "arrive" } | { do: "connect" } | { do: "disconnect" }
 *   | { do: "leave_for_now", kept: Kept } | { do: "remember_way", takesDetour: boolean }
 *   | { do: "open_link", iceServers: RTCIceServer[], tracks: Tracks } | { do: "close_link" }
 *   | { do: "replace_link", iceServers: RTCIceServer[], tracks: Tracks }
 *   | { do: "make_offer" } | { do: "restart_link" } | { do: "take_offer", sdp: string }
 *   | { do: "use_servers", iceServers: RTCIceServer[] }
 *   | { do: "take_answer", sdp: string }
 *   | { do: "take_candidate", candidate: RTCIceCandidateInit | null }
 *   | { do: "use_track", kind: Kind, track: MediaStreamTrack | null }
 *   | { do: "pause_video", paused: boolean } | { do: "fit_video", fit: import("../media/size.js").Fit }
 *   | { do: "open_trial", iceServers: RTCIceServer[], limits: import("./trial.js").Limits }
 *   | { do: "take_trial_answer", sdp: string } | { do: "measure_trial" } | { do: "close_trial" }
 *   | { do: "glance", tracks: Tracks } | { do: "look_away" }
 *   | import("./pictures.js").PictureCommand
 *   | { do: "translate", id: string, text: string, language: string }
 *   | { do: "meet" } | { do: "part" } | import("./banned.js").BannedCommand
 *   | import("./tryst.js").TrystCommand} Command
 *
 * @typedef {Record<Kind, MediaStreamTrack | null>} Tracks
 *
 * @typedef {object} Settings what is remembered from one visit to the next
 * @property {string} agreedTo the rules that were agreed to, as a digest; empty: none yet
 * @property {string} language empty: the browser's
 * @property {string} cameraId empty: whichever the browser takes
 * @property {string} microphoneId
 * @property {string} speakerId
 * @property {number} volume 0 to 1
 * @property {boolean} searchesOn whether to look for the next partner when one leaves
 * @property {boolean} usesKeys whether single letters are commands
 * @property {string[]} interests
 * @property {string} mode how the person wants to talk, see mode.js
 * @property {string} speaks a language's tag; "any": it does not matter; empty: as the browser says
 * @property {string} saver "on" or "off": whether the picture is sent small; empty: as the browser saves data
 * @property {string} blur of each new partner, see veil.js; empty: as the server thinks best
 * @property {boolean} showsWhole whether all of the partner's picture is shown, instead of filling the stage
 * @property {boolean} mirrors whether one sees oneself as in a mirror
 * @property {boolean} blursBackground whether the browser blurs what is behind oneself, where it can
 *
 * @typedef {object} Device a camera or a microphone
 * @property {boolean} isWanted the user's switch
 * @property {"off" | "asking" | "on"} status
 * @property {DeviceProblem | null} problem why it could not be opened
 * @property {boolean} isSilenced another program has taken what it gives
 * @property {boolean} wasLost it is being replaced
 * @property {MediaStreamTrack | null} track
 *
 * @typedef {object} Kept what a page that is left hands on to the one that comes in its place
 * @property {string[]} sharedInterests
 * @property {{ audio: boolean, video: boolean }} media what the partner had on
 * @property {number} lastChatId
 * @property {import("../wire/messages.js").Mode} [mode]
 *
 * @typedef {{ kind: import("./news.js").Mishap, cause?: string | null } | { kind: "server_error", text: string }
 *   | { kind: "device_failed", device: Kind, problem: DeviceProblem }} Notice
 *
 * @typedef {object} DueMs deadlines; an absent one is not running
 * @property {number} [retry] when to repeat a `find_partner` that the server refused
 * @property {number} [reply] when to give up on a server that does not answer the search
 * @property {number} [media] when to give up on a partner of whom nothing comes
 * @property {number} [notice] when a notice has been read
 * @property {number} [relink] when to open the link again after it failed
 * @property {number} [restart] when to negotiate new paths for a link that is interrupted, again
 * @property {number} [detour] when to take the way by TCP, if the link is not up by then
 * @property {number} [return] until when the person may return to a conversation
 * @property {number} [udp] when to look whether UDP comes through by now
 * @property {number} [escape] until when a second Esc counts
 * @property {number} [swiped] until when Next by a swipe can be undone
 * @property {number} [typed] when the user counts as no longer typing
 * @property {number} [partnerTyped] when the partner does
 * @property {number} [video] when to try video again, though nothing says that the line bears it
 * @property {number} [trial] when the test of the connection no longer waits for what it waits for
 * @property {number} [veil] when the partner's picture is no longer blurred
 * @property {number} [slowed] until when one meets only others who are in haste, too
 * @property {number} [work] when a proof of work has taken so long that it is worth a word
 * @property {number} [picture] when to give up a picture of which the partner says nothing
 * @property {number} [held] until when Enter sends nothing: it may be meant for the last partner
 * @property {number} [former] until when the one before can be reported
 * @property {number} [form] until when the one can be for whom the form is open
 * @property {number} [news] when the passing news have been read
 * @property {number} [invitation] when the one that was made last is over
 * @property {number} [invite] when to ask for one again that the server did not make
 * @property {number} [question] until when a question how to talk waits for its answer
 * @property {number} [ban] when to ask whether the ban still holds
 *
 * @typedef {object} ChatLine
 * @property {string} id
 * @property {boolean} mine
 * @property {string} text
 * @property {"waiting" | "sent" | "delivered" | "refused"} fate "waiting": for a socket; "delivered":
 *   the partner's page has shown it; "refused": the server has not passed it on
 * @property {import("./pictures.js").Picture} [picture] in place of a text
 * @property {boolean} [isFormer] said before the present partner was there
 * @property {boolean} [isMark] nothing that was said: somebody new is there from here on
 * @property {{ status: "pending" | "done" | "failed", text: string }} [translation] by the browser
 *
 * @typedef {object} Partner
 * @property {string} roomId what the server calls the two of us
 * @property {boolean} isByCode somebody whom one knows, so that nobody comes after them by themselves
 * @property {import("./veil.js").Veil} veil
 * @property {import("../wire/messages.js").Mode} mode how the two talk
 * @property {{ mode: import("../wire/messages.js").Mode, isMine: boolean } | null} asked how one of the two would
 *   rather talk, while the other one has not answered
 * @property {boolean} isForeign they share no language, as far as that is known
 * @property {{ audio: boolean, video: boolean }} media what they have on
 * @property {{ audio: boolean, video: boolean }} arrived what has come of it
 * @property {boolean} hasCome all that could be expected of them has come, at first
 * @property {string[]} sharedInterests
 * @property {boolean} isTyping
 * @property {import("./pictures.js").Exchange} exchange
 * @property {boolean} isReported their connection is interrupted, as the server says
 * @property {boolean} isInterrupted so it is, and nothing comes of them
 * @property {boolean} isQuiet nothing has come for a moment, though it should: an interruption, short as it is
 * @property {boolean} isStalled nothing has come for so long that it is worth a word
 * @property {boolean} isDoubted whether the socket lives was asked since something came last
 * @property {boolean} isSought new paths were looked for since something came last
 * @property {number} bytesReceived
 * @property {number} lastBytesAtMs
 *
 * @typedef {object} Mending of a link that is interrupted, or may be
 * @property {"none" | "proving" | "restarting"} step "proving": as soon as the socket is known to live
 * @property {number} restarts in a row that brought nothing
 *
 * @typedef {object} State
 * @property {Settings} settings
 * @property {boolean} isStarted Start was pressed, and Stop was not
 * @property {boolean} isPreviewing the camera is on for oneself to look at
 * @property {boolean} hasBegun the devices were had, or done without: trouble with one no longer
 *   leads back to the preview
 * @property {Record<Kind, Device>} devices
 * @property {DeviceInfo[]} found the devices that there are
 * @property {"connecting" | "open" | "away" | "lost" | "closed"} socket "away": lost, but not yet for so
 *   long that it is worth a word
 * @property {import("../wire/wire.js").Closer | "ban"} closedBy who has ended it, while it is "closed"
 * @property {boolean} isMoving another session is being opened, since the server is about to go
 * @property {number | null} leaveAtMs when it goes at the latest, as it says
 * @property {number | null} retryAtMs when the next try to connect comes
 * @property {import("../wire/refusal.js").Told | null} refusal why the server has not let
 *   us in, while the socket is "lost"
 * @property {Pick<import("../wire/messages.js").Connected, "iceServers" | "mediaMode" | "startBlurred"
 *   | "evidence"> | null} server what it said on connecting
 * @property {boolean} linked a link is open, or opening; always so while there is a partner
 * @property {number} offering offers that the link is about to make
 * @property {number} unanswered offers that the relay has not answered yet
 * @property {number} relinkedAtMs when the link was last opened again after it failed
 * @property {number} failures of links in a row, since one was up
 * @property {string | null} cause of the last of them, as the server sees it
 * @property {boolean} isTextOnly the person chats until a link is up, which goes on being tried for
 * @property {number} replacedAtMs when it was last replaced because it could not be mended
 * @property {boolean} isLinkUp
 * @property {Mending} mending
 * @property {string} host the page's own
 * @property {readonly string[]} languages the browser's
 * @property {import("../wire/messages.js").Mode} mode how two talk at present, or will
 * @property {import("../wire/messages.js").Around | null} around what others look for, as of a moment ago
 * @property {boolean} takesDetour whether the link may go by the relay's own TURN servers, over TCP
 * @property {number} udpSought how often UDP was looked for in vain since the link is on a detour
 * @property {Kept | null} returning what is known of a conversation that was left a moment ago, while
 *   it is not known whether the person returns to it
 * @property {"none" | "asked" | "waiting"} search "waiting": the server has confirmed it
 * @property {number | null} searchingSinceMs
 * @property {boolean} isResting linked, but not to search before Next is pressed
 * @property {number | null} online how many are there, when the server says so
 * @property {number | null} looking how many others look for the same, when the server says so
 * @property {import("../wire/messages.js").Scope} scope whom one meets by now
 * @property {boolean} isSlowed one meets only others who leave in haste, too, for a moment
 * @property {boolean} isWorking on a proof for the server, for longer than a moment
 * @property {Partner | null} partner
 * @property {string | null} formerRoomId whose partner can still be reported
 * @property {import("./complaint.js").ReportForm | null} reportForm
 * @property {boolean} isComplaining a report or a block was sent, and not answered yet
 * @property {import("./news.js").Item[]} news
 * @property {number} lastNewsId
 * @property {import("../wire/messages.js").Reason | null} warning of an operator's, not taken notice of yet
 * @property {import("./banned.js").Sentence | null} ban
 * @property {"none" | "sending" | "failed"} appealing
 * @property {import("../wire/visitor.js").Block[]} blocks as they were when last looked at
 * @property {boolean} blocksProblem one could not be undone
 * @property {{ audio: boolean, video: boolean } | null} told what the partner knows of our media
 * @property {MediaStream | null} remoteStream
 * @property {Line} line
 * @property {import("./picture.js").Picture} picture of our own, as it is sent
 * @property {Size} stage where pictures are shown, in the screen's pixels
 * @property {boolean} savesData the browser is set to
 * @property {ChatLine[]} chat with the present partner, or with the one who has just gone
 * @property {number} lastChatId
 * @property {import("./pictures.js").Outgoing | null} outgoing a picture of ours that is under way
 * @property {import("./pictures.js").Arriving | null} arriving one of theirs
 * @property {import("./reactions.js").Reaction[]} reactions the last ones, either way
 * @property {number[]} reactedAtMs our own last ones
 * @property {string} draft what is being written to the present partner
 * @property {string} begun what was being written to one who has gone
 * @property {number} struckAtMs when a key was last struck in the field
 * @property {boolean} isTyping what the partner was told
 * @property {boolean} isChatOpen
 * @property {number} unread
 * @property {boolean} isHidden the page is in a hidden tab
 * @property {number} partnersMet
 * @property {Notice | null} notice what went wrong last, until the next partner is there
 * @property {import("./trial.js").Trial | null} trial the test of the connection, under way or the last one
 * @property {boolean} isTrialShown
 * @property {import("./tryst.js").Trysts} trysts people whom one knows
 * @property {DueMs} dueMs
 */
export {};
