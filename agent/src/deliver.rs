//! emoncms' answer on its way to the bridge: whole for the first generation, in frames for the second.

use crate::emoncms::{self, Answer};
use crate::flow::Flow;
use crate::frames::{Frames, Packer};
use bytes::{Bytes, BytesMut};
use remoteaccess_common::random::hex;
use remoteaccess_protocol::{
    ErrorCode, Refusal, Start, V2, first_generation,
    limits::{MAX_FIRST_GENERATION_ANSWER_BYTES, MIN_FRAME_BODY_BYTES},
};
use rumqttc::{AsyncClient, QoS};
use std::cell::RefCell;
use std::pin::pin;
use std::time::Duration;
use tokio::time::sleep;
use zstd::bulk::Compressor;

/// An answer up to this size is read whole before the first frame, so that it can have an `ETag` and the best
/// compression. Eight of them at once are 2 MB.
const WHOLE: usize = 256 * 1024;
/// An answer that is not complete after this time is passed on as it comes.
const GATHER: Duration = Duration::from_secs(1);
/// Below this, compression saves less than the head line costs.
const WORTH_COMPRESSING: usize = 1024;
/// Fast, and better than gzip on what emoncms sends (FIELD-NOTES: the knee on a 1 Mbit/s uplink).
pub const ZSTD_LEVEL: i32 = 1;

/// Where messages of one answer go.
#[derive(Clone, Debug)]
pub struct Outlet {
    /// The session.
    pub mqtt: AsyncClient,
    /// The asking bridge's answer topic.
    pub topic: String,
}

/// Why an answer did not get through.
#[derive(Debug)]
pub enum Broken {
    /// The caller is to be told.
    Refused(Refusal),
    /// Nobody can be told: the session or the bridge is gone.
    Gone,
}

impl Outlet {
    /// Hands one message to the session; waits while that is busy.
    pub async fn publish(&self, message: Vec<u8>) -> Result<(), Broken> {
        self.mqtt.publish(&self.topic, QoS::AtMostOnce, false, message).await.map_err(|_| Broken::Gone)
    }
}

/// Answers a request of the second generation. Returns the HTTP status that the caller gets.
///
/// # Errors
/// [`Broken`]; frames may have gone out before.
pub async fn in_frames(
    mut answer: Answer,
    v2: &V2,
    cacheable: bool,
    flow: &Flow,
    outlet: &Outlet,
) -> Result<u16, Broken> {
    let (beginning, complete) = begin(&mut answer, WHOLE, Some(GATHER)).await?;
    let content_type = content_type(&answer, &beginning)?;
    let mut start = Start { status: answer.status, content_type, zstd: false, etag: None };
    if !complete {
        start.zstd = v2.zstd;
        let frames = Frames::new(&v2.id, start, flow, outlet);
        return as_it_comes(frames, beginning.freeze(), answer, v2.zstd).await;
    }
    let packed = (v2.zstd && beginning.len() >= WORTH_COMPRESSING).then(|| compressed(&beginning)).flatten();
    let body = packed.as_deref().unwrap_or(&beginning);
    if cacheable && answer.status == 200 {
        // Of what is sent, which is a quarter of what came; the same answer is always compressed alike.
        let etag = etag_of(body);
        if v2.etag.as_ref() == Some(&etag) {
            let start = Start { status: 304, content_type: None, zstd: false, etag: Some(etag) };
            Frames::new(&v2.id, start, flow, outlet).finish().await?;
            return Ok(304);
        }
        start.etag = Some(etag);
    }
    start.zstd = packed.is_some();
    let mut frames = Frames::new(&v2.id, start, flow, outlet);
    frames.push(body).await?;
    frames.finish().await?;
    Ok(answer.status)
}

/// Answers a request of the first generation: one message, JSON in JSON.
///
/// # Errors
/// [`Broken`]; nothing has gone out then.
pub async fn whole(mut answer: Answer, request: &[u8], outlet: &Outlet) -> Result<(u16, u64), Broken> {
    let (body, complete) = begin(&mut answer, MAX_FIRST_GENERATION_ANSWER_BYTES, None).await?;
    if !complete {
        return Err(Broken::Refused(emoncms::too_large()));
    }
    let is_text = content_type(&answer, &body)?.is_some_and(|given| given.starts_with("text/"));
    let message = match first_generation::encode_answer(request, &body) {
        Some(message) => message,
        // Some of emoncms' answers are bare text, such as the "ok" of input/post.
        None if is_text => {
            let text = std::str::from_utf8(&body).ok().map(|text| serde_json::json!(text).to_string());
            text.and_then(|text| first_generation::encode_answer(request, text.as_bytes()))
                .ok_or_else(no_json)?
        }
        None => return Err(no_json()),
    };
    outlet.publish(message).await?;
    Ok((answer.status, body.len() as u64))
}

async fn as_it_comes(
    mut frames: Frames<'_>,
    beginning: Bytes,
    mut answer: Answer,
    compress: bool,
) -> Result<u16, Broken> {
    let mut packer = Packer::new(compress).map_err(|_| compression())?;
    let mut chunk = Some(beginning);
    while let Some(bytes) = chunk {
        frames.push(&packer.pack(&bytes, frames.are_late()).map_err(|_| compression())?).await?;
        // Until the first frame is out, the caller has nothing.
        let next = if frames.have_begun() { answer.chunk().await } else { answer.chunk_in_time().await };
        chunk = next.map_err(Broken::Refused)?;
    }
    frames.push(&packer.finish().map_err(|_| compression())?).await?;
    frames.finish().await?;
    Ok(answer.status)
}

/// Reads until the answer has ended (true), or is larger than `limit` (false). Where `patience` is given, it is also
/// enough that so much time has passed and there is something to pass on (false).
async fn begin(
    answer: &mut Answer,
    limit: usize,
    patience: Option<Duration>,
) -> Result<(BytesMut, bool), Broken> {
    let mut body = BytesMut::with_capacity(answer.length().map_or(0, |length| length.min(limit)));
    let mut pause = pin!(sleep(patience.unwrap_or(Duration::MAX)));
    loop {
        let chunk = tokio::select! {
            chunk = answer.chunk_in_time() => chunk.map_err(Broken::Refused)?,
            () = &mut pause, if body.len() >= MIN_FRAME_BODY_BYTES => return Ok((body, false)),
        };
        match chunk {
            Some(bytes) => body.extend_from_slice(&bytes),
            None => return Ok((body, true)),
        }
        if body.len() > limit {
            return Ok((body, false));
        }
    }
}

/// Pages are never relayed: they show what the access list cannot know of, keys among it. PHP calls every text
/// that it was told nothing about `text/html`, so the bytes decide.
fn content_type(answer: &Answer, beginning: &[u8]) -> Result<Option<String>, Broken> {
    let html = answer.content_type.as_deref().is_none_or(|given| given.starts_with("text/html"));
    let page = beginning.trim_ascii_start().starts_with(b"<");
    match (html, page) {
        (true, true) => Err(Broken::Refused(Refusal::new(
            ErrorCode::EmoncmsAnswer,
            "emoncms at home answered with a web page instead of data",
        ))),
        (true, false) => Ok(Some("text/plain; charset=utf-8".into())),
        (false, _) => Ok(answer.content_type.clone()),
    }
}

thread_local! {
    /// Making one costs more than packing a small answer with it; kept, it is about half a megabyte.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

/// `None` where that saves nothing, or memory is short.
fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(Compressor::new(ZSTD_LEVEL).ok()?),
        };
        compressor.compress(body).ok().filter(|packed| packed.len() < body.len())
    })
}

/// Weak, because the same answer may come compressed or not.
fn etag_of(body: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, body);
    format!("W/\"{}\"", hex(&digest.as_ref()[..16]))
}

fn compression() -> Broken {
    Broken::Refused(Refusal::new(
        ErrorCode::Busy,
        "the home's agent has no memory left to compress the answer",
    ))
}

fn no_json() -> Broken {
    let message = "emoncms at home did not answer with JSON, which is all that this server understands";
    Broken::Refused(Refusal::new(ErrorCode::EmoncmsAnswer, message))
}
