//! How large anything on the wire may be, and why.

/// A name in a topic, an endpoint or an id. emoncms' own names are at most 30; older accounts have more.
pub const MAX_NAME_BYTES: usize = 64;

/// A client id as it stands in the answer topic: one running bridge, or one server of the first generation.
pub const MAX_CLIENT_ID_BYTES: usize = 128;

/// One request message, body included. A dashboard's content is the largest thing that emoncms' pages post.
pub const MAX_REQUEST_BYTES: usize = 256 * 1024;

/// Parameters in a query or a form, nested and repeated ones counted singly; PHP itself stops at 1000
/// (`max_input_vars`).
pub const MAX_PARAMS: usize = 500;

/// Lists in one another in a parameter, as in `a[b][c][d]`. emoncms' own go one deep.
pub const MAX_PARAM_DEPTH: usize = 3;

/// The head line of a frame; the longest that the agent writes is under 500 bytes.
pub const MAX_HEAD_BYTES: usize = 2048;

/// An answer's content type; emoncms' longest is 31.
pub const MAX_CONTENT_TYPE_BYTES: usize = 128;

/// A refusal's sentence, in characters. Even with each of them escaped in JSON the head keeps to its limit.
pub const MAX_MESSAGE_CHARS: usize = 240;

/// Body bytes in one frame, at most. At 1 Mbit/s such a frame takes 65 ms, which is how long another answer
/// has to wait for it.
pub const MAX_FRAME_BODY_BYTES: usize = 8 * 1024;

/// Body bytes in every frame but the last, at least. It bounds how many frames a window can hold.
pub const MIN_FRAME_BODY_BYTES: usize = 1024;

/// Body bytes that an agent may send of one answer before the first grant, where the request names no `credit`.
pub const INITIAL_CREDIT: u64 = 64 * 1024;

/// What a bridge keeps granted beyond what its caller has taken: 256 kB fill 50 Mbit/s at a round trip of 40 ms,
/// and are the most that one slow browser can make the bridge hold.
pub const CREDIT_WINDOW: u64 = 256 * 1024;

/// After this many body bytes without a receipt the bridge sends one. Answers below it cost no extra message.
pub const RECEIPT_EVERY: u64 = 8 * 1024;

/// An answer of the first generation, which travels as one message and so has to fit into memory on both sides:
/// 20 000 points, the most that emoncms gives, are about 650 kB.
pub const MAX_FIRST_GENERATION_ANSWER_BYTES: usize = 2 * 1024 * 1024;

/// An MQTT packet that either side reads. It lies above whatever a broker with our settings passes on
/// (`message_size_limit`), so that an oversized message costs its sender an answer and never us the session.
pub const MAX_PACKET_BYTES: usize = 16 * 1024 * 1024;

/// A presence message.
pub const MAX_PRESENCE_BYTES: usize = 1024;

/// An `ETag`, quotes included.
pub const MAX_ETAG_BYTES: usize = 80;

/// Keep-alive of both sides' sessions, in seconds.
pub const KEEP_ALIVE_SECONDS: u64 = 30;
