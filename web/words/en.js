// @ts-check
/** English. Every language's file has these keys; functions take what they speak of. */
export const en = {
  languageName: "English",
  direction: "ltr",
  title: "Face to face",
  tagline: "Talk with a random person, face to face.",

  // the welcome
  welcomeTitle: "Welcome",
  agree: "I am 18 or older and agree",
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
  cameraIsOpening: "Waiting for your camera…",
  microphoneLevel: "Microphone level",
  camera: "Camera",
  microphone: "Microphone",
  speaker: "Speaker",
  anyDevice: "Chosen by the browser",
  /** @param {number} number */
  unnamedDevice: (number) => `Device ${number}`,
  interests: "Interests",
  interestsHint: "People who share one come first. None is fine, too.",
  interestsPlaceholder: "Add one, then Enter",
  add: "Add",
  /** @param {string} interest */
  removeInterest: (interest) => `Remove ${interest}`,
  language: "Language",
  devices: "Devices",
  settings: "Settings",

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
      missing: "Connect one, and it will be used at once.",
      busy: "Another program seems to be using it. Close that program, then try again.",
      unsupported:
        "Browsers give pages a camera only over https, or on localhost. Open this page that way.",
      lost: "Connect it again, and it will be used at once.",
    },
    goOn: "Or go on without.",
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
  searchesOn: "Search on by itself",
  more: "More",
  help: "Help and keys",
  showChat: "Show chat",
  hideChat: "Hide chat",
  /** @param {number} count */
  unread: (count) => (count === 1 ? "1 unread message" : `${count} unread messages`),
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
  /** @param {number} count */
  online: (count) => `${count} people online`,
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
  mending: "Trying to mend it…",
  resting: "Ready when you are",
  pressNext: "Press Next to meet someone else.",
  connectionLost: "Connection lost",
  callGoesOn: "The call goes on. What you write waits.",
  refusals: { full: "The server is full", draining: "The server is being updated" },
  /** @param {number} seconds */
  retryIn: (seconds) => `Trying again in ${seconds} s.`,
  tryingNow: "Trying again now…",
  tryNow: "Try now",
  videoPaused: "The line is too poor for video. The sound goes on; the picture comes back by itself.",

  sentAway: {
    operator: "An operator has ended your connection.",
    budget: "Your connection was ended: it sent far more than a call needs.",
    elsewhere: "Your conversation goes on in another tab.",
  },
  mishaps: {
    partner_left: "Your partner left.",
    partner_disconnected: "Your partner was disconnected.",
    partner_lost: "Your connection was lost, and your partner with it.",
    no_media: "Nothing arrived from them.",
    link_failed: "Video connection failed. Trying again.",
    camera_lost: "Your camera was lost. The call goes on without it.",
    microphone_lost: "Your microphone was lost. The call goes on without it.",
    device_replaced: "A device was lost; another one is used now.",
    escape_again: "Press Esc again for the next person.",
    message_refused: "A message was not sent. Wait a moment, then send it again.",
    not_sent: "Not sent: this is somebody else. Pause, then press Enter again.",
  },
  /** @param {string} message */
  serverSays: (message) => `The server says: ${message}`,

  // how well it travels
  grades: { good: "Good connection", weak: "Weak connection", poor: "Poor connection" },
  figures: {
    title: "How the media travels",
    rtt: "Round trip",
    loss: "Lost, in and out",
    size: "Resolution",
    frames: "Frames per second",
    rate: "Bit rate, in and out",
    way: "Way",
    relay: "through the server",
    direct: "directly between the browsers",
    unknown: "not known",
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
  fates: {
    waiting: "Waiting for the connection",
    sent: "Sent",
    delivered: "Delivered",
    refused: "Not sent",
  },
  sendAgain: "Send again",
  you: "You",
  partner: "Partner",
  /** @param {number} left */
  charactersLeft: (left) => `${left} characters left`,
  openAddressTitle: "Open this address?",
  openAddressHint: "A stranger sent it. It opens in a new tab, and does not learn where you come from.",
  open: "Open",
  cancel: "Cancel",
  close: "Close",

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
    next: "Next person",
    stop: "Stop",
    microphone: "Microphone",
    camera: "Camera",
    switch: "Switch camera",
    volume: "Speaker volume",
    pip: "Picture in picture",
    full: "Full screen",
    chat: "Chat",
    figures: "How the media travels",
    search: "Search on by itself",
    help: "This help",
  },
  keyNames: { escape: "Esc", up: "↑", down: "↓" },

  // in a hidden tab
  titleFound: "Someone is here!",
  titleSearching: "Looking for someone…",
};
