//! One file: resumed where it broke off, checked, and put in place in one step.

use std::path::{Path, PathBuf};

use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, LOCATION, RANGE};
use reqwest::{Response, StatusCode, Url};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Hub, HubError, ModelId};

/// Redirects followed for one file.
const MAX_REDIRECTS: usize = 5;
/// The longest file, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 40;
/// The hash of a large file, in the first answer.
const LINKED_ETAG: &str = "x-linked-etag";
/// The length of a large file, in the first answer.
const LINKED_SIZE: &str = "x-linked-size";
/// Bytes read at once of what is there already.
const PIECE_BYTES: usize = 1 << 18;

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file's name.
    pub file: &'a str,
    /// Bytes that are there, those of earlier attempts included.
    pub done_bytes: u64,
    /// Bytes of the whole file, if the server says.
    pub total_bytes: Option<u64>,
}

/// An answer, and what the first server in a row of redirects said of the file.
pub(super) struct Answer {
    pub(super) response: Response,
    announced: Announced,
}

/// What a server says of a file beforehand.
#[derive(Debug, Default, Clone)]
struct Announced {
    /// SHA-256 in hex, which only large files have.
    sha256: Option<String>,
    size: Option<u64>,
}

impl Hub {
    /// Gets one file, unless it is there.
    pub(super) async fn file(
        &self,
        id: &ModelId,
        name: &str,
        path: &Path,
        progress: &mut (dyn FnMut(Progress<'_>) + Send),
    ) -> Result<(), HubError> {
        if fs::try_exists(path).await.map_err(io(path))? {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).await.map_err(io(folder))?;
        }
        let what = format!("{name} of {id}");
        let part = part_of(path);
        let mut partial = Partial::open(&part).await?;
        let answer = self
            .ask(self.file_url(id, name), Some(partial.size), &what)
            .await?;
        let mut response = answer.response;
        let mut announced = answer.announced;
        match response.status() {
            StatusCode::PARTIAL_CONTENT if starts_at(response.headers(), partial.size) => {}
            StatusCode::RANGE_NOT_SATISFIABLE if announced.size == Some(partial.size) => {
                return partial.finish(&what, &announced, path, &part).await;
            }
            StatusCode::OK => {
                partial.restart().await?;
                announced.size = announced
                    .size
                    .or(number(response.headers(), CONTENT_LENGTH.as_str()));
            }
            status => {
                partial.restart().await?;
                return Err(HubError::Refused {
                    what,
                    status: status.as_u16(),
                });
            }
        }
        let most = announced.size.unwrap_or(MAX_FILE_BYTES).min(MAX_FILE_BYTES);
        loop {
            progress(Progress {
                file: name,
                done_bytes: partial.size,
                total_bytes: announced.size,
            });
            let piece = match response.chunk().await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(cause) => {
                    partial.flush().await?;
                    return Err(HubError::Transfer { what, cause });
                }
            };
            partial.add(&piece).await?;
            if partial.size > most {
                partial.restart().await?;
                return Err(HubError::Malformed {
                    what,
                    reason: format!("it is longer than {most} bytes"),
                });
            }
        }
        partial.finish(&what, &announced, path, &part).await
    }

    /// Asks for a URL, from a byte on if given, and follows redirects.
    pub(super) async fn ask(
        &self,
        url: Url,
        from: Option<u64>,
        what: &str,
    ) -> Result<Answer, HubError> {
        let malformed = |reason: &str| HubError::Malformed {
            what: what.to_owned(),
            reason: reason.to_owned(),
        };
        let mut url = url;
        let mut announced = Announced::default();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = self.client.get(url.clone());
            if let Some(token) = &self.token
                && url.origin() == self.endpoint.origin()
            {
                request =
                    request.header(AUTHORIZATION, format!("Bearer {}", token.expose_secret()));
            }
            if let Some(from) = from.filter(|from| *from > 0) {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let response = request.send().await.map_err(|cause| HubError::Transfer {
                what: what.to_owned(),
                cause,
            })?;
            announced.learn(response.headers());
            let status = response.status();
            if status.is_redirection() {
                let location = response
                    .headers()
                    .get(LOCATION)
                    .and_then(|location| location.to_str().ok());
                let location = location.ok_or_else(|| malformed("it redirects to nowhere"))?;
                let next = url
                    .join(location)
                    .map_err(|_| malformed("it redirects to no URL"))?;
                if !matches!(next.scheme(), "http" | "https")
                    || (url.scheme() == "https" && next.scheme() == "http")
                {
                    return Err(malformed("it redirects to an unsafe URL"));
                }
                url = next;
                continue;
            }
            if status.is_success()
                || (from.is_some() && status == StatusCode::RANGE_NOT_SATISFIABLE)
            {
                return Ok(Answer {
                    response,
                    announced,
                });
            }
            return Err(HubError::Refused {
                what: what.to_owned(),
                status: status.as_u16(),
            });
        }
        Err(malformed("it redirects too often"))
    }
}

impl Announced {
    /// Keeps what the first of several answers says.
    fn learn(&mut self, headers: &HeaderMap) {
        self.size = self.size.or(number(headers, LINKED_SIZE));
        if self.sha256.is_none() {
            let etag = headers.get(LINKED_ETAG).and_then(|etag| etag.to_str().ok());
            let hash = etag.map(|etag| etag.trim_matches('"').to_ascii_lowercase());
            self.sha256 = hash.filter(|hash| {
                hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
        }
    }
}

/// A file under way: its bytes so far and their hash.
struct Partial {
    file: File,
    path: PathBuf,
    size: u64,
    hash: Sha256,
}

impl Partial {
    async fn open(path: &Path) -> Result<Self, HubError> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .await
            .map_err(io(path))?;
        let mut hash = Sha256::new();
        let mut size = 0_u64;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = file.read(&mut piece).await.map_err(io(path))?;
            if read == 0 {
                break;
            }
            hash.update(&piece[..read]);
            size = size.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        }
        Ok(Self {
            file,
            path: path.to_owned(),
            size,
            hash,
        })
    }

    async fn add(&mut self, piece: &[u8]) -> Result<(), HubError> {
        self.file.write_all(piece).await.map_err(io(&self.path))?;
        self.hash.update(piece);
        self.size = self
            .size
            .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), HubError> {
        self.file.flush().await.map_err(io(&self.path))
    }

    /// Forgets all bytes.
    async fn restart(&mut self) -> Result<(), HubError> {
        self.flush().await?;
        self.file.set_len(0).await.map_err(io(&self.path))?;
        tokio::io::AsyncSeekExt::rewind(&mut self.file)
            .await
            .map_err(io(&self.path))?;
        self.size = 0;
        self.hash = Sha256::new();
        Ok(())
    }

    /// Checks the file and puts it in place; what does not fit the announcement is forgotten.
    async fn finish(
        mut self,
        what: &str,
        announced: &Announced,
        path: &Path,
        part: &Path,
    ) -> Result<(), HubError> {
        let damaged = |measure: &'static str, expected: String, found: String| HubError::Damaged {
            what: what.to_owned(),
            measure,
            expected,
            found,
        };
        if let Some(size) = announced.size.filter(|size| *size != self.size) {
            return Err(damaged("length", size.to_string(), self.size.to_string()));
        }
        let found: String = std::mem::take(&mut self.hash)
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if let Some(expected) = announced
            .sha256
            .clone()
            .filter(|expected| *expected != found)
        {
            self.restart().await?;
            return Err(damaged("SHA-256", expected, found));
        }
        self.flush().await?;
        self.file.sync_all().await.map_err(io(&self.path))?;
        fs::rename(part, path).await.map_err(io(path))
    }
}

/// The name a file has while it is under way.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    path.with_file_name(name)
}

/// Whether a partial answer begins where it was asked to.
fn starts_at(headers: &HeaderMap, from: u64) -> bool {
    let range = headers
        .get(CONTENT_RANGE)
        .and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| {
        range
            .strip_prefix("bytes ")?
            .split_once('-')?
            .0
            .parse::<u64>()
            .ok()
    });
    start == Some(from)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> HubError + use<'_> {
    move |cause| HubError::Io {
        path: path.to_owned(),
        cause,
    }
}
