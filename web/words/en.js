// @ts-check
/** English. Every language's file has these keys; functions take what they speak of. */
import { counting } from "./plural.js";

const counted = counting("en");

export const words = {
  direction: "ltr",
  comma: ", ",
  /** @param {string} first @param {string} second */
  sentences: (first, second) => `${first} ${second}`,
  /** @param {string} title without a full stop @param {string} text */
  titled: (title, text) => `${title}. ${text}`,
  title: "Face to face",
  tagline: "Talk with a random person, face to face.",

  // the welcome
  welcomeTitle: "Welcome",
  agree: "I am 18 or older and agree",
  evidence: "If somebody reports a call, its last pictures and its chat are kept, encrypted, for the people who run this site.",
  noRules: "The rules could not be loaded. You can go on when you have read them.",

  // before the call
  meetSomeone: "Meet someone new",
  start: "Start",
  startSoundOnly: "Start with sound only",
  startPictureOnly: "Start without sound",
  startTextOnly: "Start with text only",
  tryAgain: "Try again",
  checkDevices: "Check camera and microphone",
  previewLabel: "Your own picture",
  cameraIsOff: "Your camera is off",
  cameraRests: "Your camera comes on with Start",
  cameraIsOpening: "Waiting for your camera…",
  microphoneLevel: "Microphone level",
  camera: "Camera",
  microphone: "Microphone",
  speaker: "Speaker",
  anyDevice: "Chosen by the browser",
  /** @param {number} number */
  unnamedDevice: (number) => `Device ${number}`,
  interests: "Interests",
  interestsHint: "You meet people who share one first. You can leave this empty, too.",
  interestsPlaceholder: "Add one, then Enter",
  add: "Add",
  /** @param {string} interest */
  removeInterest: (interest) => `Remove ${interest}`,
  language: "Language",
  devices: "Devices",
  settings: "Settings",

  // three ways to talk, and whom one meets
  talkBy: "How do you want to talk?",
  modes: { video: "Video", voice: "Voice", text: "Text" },
  changeMode: "Way to talk",
  /** @param {number} count */
  looking: (count) => `Looking: ${count}`,
  asksYou: {
    video: "Your partner would like to talk by video.",
    voice: "Your partner would like to talk by voice, without pictures.",
    text: "Your partner would like to go on in writing.",
  },
  askedThem: "Your partner is being asked…",
  accept: "Yes",
  decline: "No",
  speaks: "People who speak",
  anyLanguage: "Any language",
  suggestions: "Others look for",
  startVoice: "Start talking",
  startText: "Start writing",
  searchingLanguage: "Someone who speaks your language comes first.",
  searchingAnybody: "By now it may be anybody, in any language.",
  nobodyLooking: "Nobody else is looking for that right now.",
  /** @param {number} count */
  alsoLooking: (count) => `Also looking now: ${count}`,
  foreign: "You may not share a language.",
  hearOnly: "You can hear each other.",
  waitingForMicrophone: "Waiting for your microphone",
  allowMicrophone: "Allow the microphone when asked.",

  // people who know each other
  tryst: {
    invite: "Invite a friend",
    invited: "You are invited",
    invitedHint: "Press Start to meet the person who invited you, and nobody else.",
    rather: "Meet somebody else",
    waiting: {
      host: "Waiting for your guest…",
      guest: "Waiting for the person who invited you…",
      again: "Waiting for them…",
    },
    nobodyElse: "You will meet nobody else meanwhile.",
    showLink: "Show the link",
    hint: "Send this link to one person. It works once, within an hour.",
    link: "The link",
    qr: "The link as a QR code",
    copy: "Copy link",
    copied: "Copied",
    share: "Share",
    wait: "Wait for them",
    tell: {
      no: "Notify me",
      asking: "Your browser asks you…",
      all: "You will be told",
      sound: "You will hear a sound",
    },
    again: "Meet again some day",
    againLast: "Meet the last person again some day",
    wished: "If they want it, too, you both get it",
    contacts: "Meet again",
    /** @param {string} moment */
    metOn: (moment) => `Met on ${moment}`,
    forget: "Forget:",
  },

  problems: {
    both: {
      refused: "No access to camera and microphone",
      missing: "No camera and no microphone found",
      busy: "Camera and microphone are busy",
      unsupported: "Camera and microphone cannot be used here",
      lost: "Camera and microphone were disconnected",
    },
    video: {
      refused: "No access to your camera",
      missing: "No camera found",
      busy: "Your camera is busy",
      unsupported: "The camera cannot be used here",
      lost: "Your camera was disconnected",
    },
    audio: {
      refused: "No access to your microphone",
      missing: "No microphone found",
      busy: "Your microphone is busy",
      unsupported: "The microphone cannot be used here",
      lost: "Your microphone was disconnected",
    },
    whatToDo: {
      refused:
        "Allow it for this page, in the browser's address bar or in its settings, then try again.",
      missing: "Connect one, and it will be used right away.",
      busy: "Another program seems to be using it. Close that program, then try again.",
      unsupported:
        "Browsers give pages a camera only over https, or on localhost. Open this page that way.",
      lost: "Connect it again, and it will be used right away.",
    },
    goOn: "Or go on without it.",
  },

  // in the call
  partnerVideo: "Your partner's video",
  ownVideo: "Your own video. The arrow keys move it to another corner.",
  video: "Video",
  controls: "Controls",
  next: "Next",
  nextHint: "Next person (Esc twice)",
  stop: "Stop",
  stopHint: "Stop (Q)",
  muteMicrophone: "Mute microphone",
  unmuteMicrophone: "Unmute microphone",
  turnCameraOff: "Turn camera off",
  turnCameraOn: "Turn camera on",
  switchCamera: "Switch camera",
  volume: "Speaker volume",
  pictureInPicture: "Picture in picture",
  fullScreen: "Full screen",
  searchesOn: "Keep looking when somebody leaves",
  savesData: "Save data: send a smaller picture",
  showsWhole: "Show the whole picture, with edges",
  mirrors: "Show me as in a mirror",
  blursBackground: "Blur what is behind me",
  tryOutSpeaker: "Test the speaker",
  swiped: "Next person…",
  undo: "Undo",
  install: "Install as an app",
  more: "More",
  help: "Help and keys",
  showChat: "Show chat",
  hideChat: "Hide chat",
  /** @param {number} count */
  unread: (count) => counted(count, { one: "# unread message", other: "# unread messages" }),
  partnerMuted: "Their microphone is muted",
  partnerCameraOff: "Their camera is off",
  pressToHear: "Press anywhere to hear your partner.",

  // states
  connecting: "Connecting…",
  reachingServer: "Reaching the server.",
  openingLink: "Opening your video connection.",
  waitingForDevices: "Waiting for your camera",
  allowDevices: "Allow the camera and the microphone when asked.",
  searching: "Looking for someone…",
  searchingInterests: "Someone who shares an interest comes first.",
  nobodyOnline: "Nobody else is online right now.",
  /** @param {number} seconds */
  forSeconds: (seconds) => `for ${seconds} s`,
  found: "Found someone",
  connectingVideo: "Connecting the video…",
  connected: "Connected",
  seeAndHear: "You can see and hear each other.",
  textOnly: "You can write to each other.",
  /** @param {string} interests */
  shared: (interests) => `You both like: ${interests}`,
  partnerInterrupted: "Their connection is interrupted…",
  partnerMending: "It may come back by itself.",
  partnerReconnecting: "Partner reconnecting…",
  nothingArrives: "Nothing arrives from your partner at the moment.",
  interrupted: "Your connection is interrupted",
  mending: "Trying to get it back…",
  resting: "Ready when you are",
  pressNext: "Press Next to meet someone else.",
  connectionLost: "Connection lost",
  callGoesOn: "The call goes on. What you write is sent later.",
  refusals: {
    full: "The server is full",
    draining: "The server is being updated",
    too_many: "There are too many connections from you or your network",
  },
  oneMoment: "One moment…",
  proving: "The server wants to see that you are no robot. Your browser is working it out.",
  slowed: "You are moving on very quickly. For a few seconds you meet others who do the same.",
  /** @param {number} seconds */
  retryIn: (seconds) => `Trying again in ${seconds} s.`,
  tryingNow: "Trying again now…",
  tryNow: "Try now",
  chatMeanwhile: "Chat by text",
  noVideo: "There is no picture and no sound for now.",
  /** @param {number} seconds */
  videoIn: (seconds) => `Trying for video again in ${seconds} s.`,
  tryingVideo: "Trying for video now…",
  tooPoor: {
    own: "Your line is too poor for video. The sound goes on; your picture comes back by itself.",
    partner: "Your partner's line is poor. Yours is fine: your camera stays on.",
    unknown: "The line is too poor for video. The sound goes on; your picture comes back by itself.",
  },

  sentAway: {
    operator: "An operator has ended your connection.",
    budget: "Your connection was ended: it sent far more than a call needs.",
    elsewhere: "Your conversation goes on in another tab.",
    ban: "You have been banned.",
  },
  mishaps: {
    code_unknown: "This invitation is not valid. Ask for a new one.",
    code_over: "This invitation is over. Ask for a new one.",
    code_used: "This invitation has been used already. Ask for a new one.",
    partner_left: "Your partner left.",
    partner_disconnected: "Your partner was disconnected.",
    partner_lost: "You lost the connection, and your partner with it.",
    no_media: "Nothing arrived from them.",
    link_failed: "Video connection failed. Trying again.",
    camera_lost: "Your camera was lost. The call goes on without it.",
    microphone_lost: "Your microphone was lost. The call goes on without it.",
    device_replaced: "A device was lost; another one is used now.",
    escape_again: "Press Esc again for the next person.",
    message_refused: "A message was not sent. Wait a moment, then send it again.",
    repeated_text: "Not sent: you have written that to several people. Say something new.",
    link_held_back: "Not sent: addresses can be sent only after you have talked for a while.",
    mode_declined: "Your partner would rather go on as it is.",
    too_fast: "That was too quick. Wait a moment.",
    picture_prepared: "One moment…",
    pictures_ended: "No more pictures for now.",
    pictures_declined: "Your partner does not want to exchange pictures.",
    picture_unsent: "The picture was not sent: it was meant for somebody else.",
    picture_unusable: "This file cannot be sent: it is no picture, or it is too large.",
    picture_refused: "Your picture did not arrive.",
    not_sent: "Not sent: this is somebody else. Pause, then press Enter again.",
  },
  causes: {
    udp_blocked: "This network does not let video through. Try another one, or without a VPN.",
    tcp_blocked: "This network lets only web pages through. Try another one, or without a VPN.",
    turn_refused: "The server has refused the detour that this network needs. It may work in a while.",
    server_unreachable: "No video gets through to this server: because of your network, or of the server. Try another network, or later.",
    dtls_failed: "Something breaks the encrypted connection. Try another network or another browser.",
    ipv6_only: "Your network has only IPv6, and the server has none. Try another network.",
    slow: "The connection is too slow. Go nearer to the Wi-Fi, or try another network.",
  },
  // the test of the connection
  trial: {
    title: "Test my connection",
    hint: "A test picture goes to the server and back. Nobody sees it.",
    again: "Test again",
    copy: "Copy details",
    copied: "Copied",
    details: "Details",
    testing: "Testing your connection…",
    rows: {
      socket: "Server",
      udp: "Video over UDP",
      tcp: "Video over TCP",
      turn: "Video over TURN",
    },
    verdicts: {
      offline: "The server does not answer. See whether you are online, then test again.",
      interrupted: "The test was interrupted: the server was lost, or the network has changed.",
      nothing: "No way for video gets through this network. Text chat still works; try another network.",
      poor: "Video gets through, but this line is poor: it will stutter. Another network may be better.",
      weak: "Video gets through, but this line is weak: it may stutter.",
      udp_blocked: "UDP is blocked here, so video goes over TCP: it works, and may stutter.",
      poor_without_udp: "UDP is blocked here, and what goes over TCP is poor: video will stutter. Try another network.",
      tcp_blocked: "Video works, over UDP. TCP does not get through, and is not needed.",
      turn_blocked: "Video works, over UDP. TURN does not get through, and is not needed.",
      udp_only: "Video works, over UDP. This server offers no other way.",
      fine: "The connection works.",
    },
    everything: "Everything works.",
    looks: {
      both: "Your camera and your microphone need a look.",
      video: "Your camera needs a look.",
      audio: "Your microphone needs a look.",
    },
    outcomes: {
      untried: "Not tested",
      trying: "Being tested…",
      absent: "This server does not offer it",
      blocked: "Did not get through",
      lost: "Got through, and was lost again",
      through: "Gets through",
    },
    /** @param {number} ms */
    answers: (ms) => `Answers in ${ms} ms`,
    /** @param {number} from @param {number} to in ms */
    spread: (from, to) => `${from} to ${to} ms`,
    silent: "Does not answer",
    /** @param {string} s */
    throughIn: (s) => `Gets through in ${s} s`,
    /** @param {number} ms */
    roundTrip: (ms) => `round trip ${ms} ms`,
    /** @param {string} percent */
    lost: (percent) => `${percent} % lost there and back`,
    /** @param {string} mbits */
    atLeast: (mbits) => `at least ${mbits} Mbit/s each way`,
    nothingBack: "nothing came back",
    notMeasured: "loss and bandwidth not measured",
    conditions: {
      off: "Off, so not tested",
      muted: "Another program has taken it",
      unseen: "On",
      black: "The picture is black: is something over the lens?",
      still: "The picture stands still",
      moving: "The picture moves",
      silent: "Not even noise comes from it: is it muted?",
      quiet: "Nothing heard yet. Say something",
      heard: "It hears you",
    },
  },

  /** @param {string} message */
  serverSays: (message) => `The server says: ${message}`,

  // how well it travels
  grades: { good: "Good connection", weak: "Weak connection", poor: "Poor connection" },
  figures: {
    title: "How the connection is", quality: "Quality", rtt: "Round trip",
    loss: "Lost, in and out", size: "Resolution",
    frames: "Frames per second", rate: "Bit rate, in and out", way: "Way",
    relay: "through the server", direct: "directly between the browsers", unknown: "not known",
  },

  // the chat
  chat: "Chat",
  messages: "Messages",
  noMessages: "Messages appear here",
  message: "Message",
  send: "Send",
  begun: "Unsent:",
  takeBack: "Use it",
  throwAway: "Throw it away",
  typing: "Your partner is typing…",
  /** @param {number} count */
  newLines: (count) => counted(count, { one: "# new message", other: "# new messages" }),
  newPartner: "Somebody new",
  attach: {
    open: "Emoji and pictures", emoji: "Emoji", search: "Search emoji", none: "No emoji found",
    picture: "Send a picture", failed: "This did not load. Try again.",
  },
  pictures: {
    asked: "Your partner wants to exchange pictures with you in this call. Nobody checks them, and the server keeps none.",
    agree: "Agree", decline: "No",
    waiting: "Waiting for your partner to agree to pictures.", cancel: "Cancel",
    agreed: "You can send each other pictures.", stop: "No more pictures",
    choose: "Choose a picture", mine: "Your picture", theirs: "Your partner's picture", show: "Show the picture",
  },
  translation: {
    translate: "Translate", pending: "Translating…", failed: "Your browser cannot translate this.",
  },
  reactions: {
    open: "React", heart: "Heart", laugh: "Laughing", wow: "Amazed", clap: "Applause",
    thumbs: "Thumbs up", wave: "Waving",
  },
  /** @param {string} reaction */
  reacted: (reaction) => `Your partner reacts: ${reaction}`,
  fates: {
    waiting: "Waiting for the connection", sent: "Sent", delivered: "Delivered",
    refused: "Not sent",
  },
  sendAgain: "Send again",
  you: "You",
  partner: "Partner",
  /** @param {number} left */
  charactersLeft: (left) => counted(left, { one: "# character left", other: "# characters left" }),
  openAddressTitle: "Open this address?",
  openAddressHint: "A stranger sent it. It opens in a new tab, and does not learn where you come from.",
  open: "Open",
  cancel: "Cancel",
  close: "Close",

  // reports and blocks
  report: {
    open: "Report or block",
    last: "Report the last person",
    title: "Report somebody",
    aboutPresent: "The person you are talking with. They are not told; you leave them at once and never meet them again.",
    aboutFormer: "The person you met before. They are not told, and you never meet them again.",
    whom: "Who is it about?",
    present: "This person",
    former: "The one before",
    words: "Anything to add? (optional)",
    why: "What is wrong? One press sends the report.",
    kept: "The last pictures and the chat go to the operators with it.",
    block: "Block without reporting",
  },
  reasons: {
    nudity: "Nudity or sex", minor: "May be a minor", violence: "Violence", hate: "Hate",
    spam: "Spam or a bot", threat: "Threat", other: "Something else",
  },
  newsTitle: "News",
  news: {
    report_received: "Your report has arrived. You will not meet this person again.",
    blocked: "Blocked. You will not meet this person again.",
    report_late: "It is too late to report this person.",
    report_refused: "The server has not taken your report.",
    report_lost: "Your report may not have arrived: the connection was lost.",
    again: "You both want to meet again. You find it on the start page.",
    ban_over: "Your ban is over. Welcome back.",
    moved: "The server is being updated. You are at another one now; your partner could not come along.",
  },
  stays: "This server is about to be updated, and no other one takes you yet. You go on here.",
  /** @param {string} span */
  staysFor: (span) => "This server is about to be updated, and no other one takes you yet."
    + ` You can go on here for ${span}.`,
  /** @param {string} day @param {string} reason */
  outcomeOf: (day, reason) => `Your report of ${day} (${reason}):`,
  outcomes: {
    banned: "the person was banned. Thank you.",
    warned: "the person was warned. Thank you.",
    dismissed: "we looked at it and found nothing against the rules. You still never meet them again.",
    other: "we have dealt with it. Thank you.",
  },
  blocks: {
    title: "Blocked people",
    /** @param {string} day */
    since: (day) => `Blocked on ${day}`,
    undo: "Undo",
    failed: "That did not work. Try again.",
  },

  // blurred pictures
  blur: {
    title: "Blur each new partner", off: "No", both: "Until you both press Show",
    brief: "For 3 seconds",
  },
  veil: {
    both: "The picture is blurred until you both press Show. You hear each other already.",
    onlyYou: "The picture is blurred until you press Show. You hear each other already.",
    waiting: "Waiting until they press Show, too. You hear each other already.",
    brief: "The picture is blurred for a moment. You hear each other already.",
    /** @param {string} reason */
    suspected: (reason) => `The picture is blurred because a program thinks it shows this: ${reason}. It may be wrong.`,
    show: "Show",
    showAnyway: "Show anyway",
  },

  // warnings and bans
  warning: {
    title: "A warning",
    /** @param {string} reason */
    text: (reason) => `This is a warning from the people who run this site. The reason: ${reason}. If it happens again, you will be banned.`,
    take: "I understand",
  },
  ban: {
    title: "You have been banned",
    /** @param {string} moment */
    until: (moment) => `Until ${moment}.`,
    forEver: "For ever.",
    /** @param {string} duration */
    left: (duration) => `${duration} left. This page comes back by itself.`,
    looking: "Checking whether it is over…",
    /** @param {string} reason */
    why: (reason) => `The reason: ${reason}.`,
    operators: "The operators write:",
    appealTitle: "Is this wrong?",
    appealHint: "You can write to the operators once.",
    appealWords: "Why should they look again?",
    appealSend: "Send the appeal",
    appealFailed: "It was not sent. Try again in a moment.",
    appealSent: "Your appeal has arrived. The answer will be here.",
    yourWords: "You have written:",
    granted: "Your appeal was granted.",
    refused: "Your appeal was refused.",
  },

  // back after a reload
  returnTitle: "Return to your conversation?",
  returnHint:
    "Your partner waits for some seconds. Until you return, they do not see or hear you.",
  returnYes: "Return",
  returnNo: "End it",

  // the help
  keysTitle: "Keys",
  usesKeys: "Use single letters as keys",
  keys: {
    next: "Next person", stop: "Stop", microphone: "Microphone", camera: "Camera",
    switch: "Switch camera", volume: "Speaker volume", pip: "Picture in picture",
    full: "Full screen", chat: "Chat", figures: "How the connection is",
    search: "Keep looking when somebody leaves", report: "Report or block", help: "This help",
  },
  keyNames: { escape: "Esc", up: "↑", down: "↓" },

  // in a hidden tab
  titleFound: "Someone is here!",
  titleSearching: "Looking for someone…",
};
