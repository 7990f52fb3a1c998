//! Models from a Hugging Face server, which these tests play.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use atoma_engine_candle::hub::{Hub, HubError, ModelId};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use sha2::{Digest, Sha256};

/// A server with one model, and how it misbehaves.
#[derive(Clone, Default)]
struct Server {
    files: Arc<BTreeMap<&'static str, Bytes>>,
    /// Answers of large files come by redirect, with their hash.
    redirects: bool,
    wrong_hash: bool,
    /// Breaks off after this many bytes, the first time.
    breaks_at: Arc<Mutex<Option<usize>>>,
    ignores_ranges: bool,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn with(files: &[(&'static str, &[u8])]) -> Self {
        let files = files
            .iter()
            .map(|(name, content)| (*name, Bytes::copy_from_slice(content)))
            .collect();
        Self {
            files: Arc::new(files),
            ..Self::default()
        }
    }

    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(self.clone());
        atoma_env::Env::system().spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let range = header("range");
    server.asked.lock().unwrap().push(format!(
        "{path} {} {}",
        range.as_deref().unwrap_or("-"),
        header("authorization").unwrap_or_default()
    ));
    let refused = |status: u16| {
        Response::builder()
            .status(status)
            .body(Body::empty())
            .unwrap()
    };
    if path == "/api/models/org/name" {
        let siblings: Vec<_> = server
            .files
            .keys()
            .map(|name| serde_json::json!({"rfilename": name}))
            .collect();
        return Response::new(Body::from(
            serde_json::json!({"siblings": siblings}).to_string(),
        ));
    }
    let (name, stored) = match (
        path.strip_prefix("/org/name/resolve/main/"),
        path.strip_prefix("/stored/"),
    ) {
        (Some(name), _) => (name, false),
        (_, Some(name)) => (name, true),
        _ => return refused(404),
    };
    let Some(content) = server.files.get(name) else {
        return refused(404);
    };
    if server.redirects && !stored {
        let hashed: &[u8] = if server.wrong_hash {
            b"something else"
        } else {
            content
        };
        let hash: String = Sha256::digest(hashed)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        return Response::builder()
            .status(302)
            .header("location", format!("/stored/{name}"))
            .header("x-linked-etag", format!("\"{hash}\""))
            .header("x-linked-size", content.len())
            .body(Body::empty())
            .unwrap();
    }
    let from: usize = match range.filter(|_| !server.ignores_ranges) {
        Some(range) => range
            .strip_prefix("bytes=")
            .unwrap()
            .strip_suffix('-')
            .unwrap()
            .parse()
            .unwrap(),
        None => 0,
    };
    if from >= content.len() {
        return refused(416);
    }
    partial(&server, content, from)
}

/// The content from a byte on, or as much of it as comes before the server breaks off.
fn partial(server: &Server, content: &Bytes, from: usize) -> Response {
    let rest = content.slice(from..);
    let mut response = Response::builder();
    if from > 0 {
        let range = format!("bytes {from}-{}/{}", content.len() - 1, content.len());
        response = response.status(206).header("content-range", range);
    }
    let body = match server.breaks_at.lock().unwrap().take() {
        Some(bytes) => {
            let pieces = [
                Ok(rest.slice(..bytes)),
                Err(std::io::Error::other("broken off")),
            ];
            Body::from_stream(futures::stream::iter(pieces))
        }
        None => Body::from(rest),
    };
    response.body(body).unwrap()
}

async fn get(endpoint: &str, cache: &Path, id: &str) -> Result<std::path::PathBuf, HubError> {
    let id: ModelId = id.parse().unwrap();
    Hub::new(endpoint, cache)
        .unwrap()
        .get(&id, &mut |_| {})
        .await
}

const LARGE: [u8; 10_000] = [7; 10_000];

#[tokio::test]
async fn one_file_comes_with_progress_and_is_not_asked_for_again() {
    let server = Server {
        redirects: true,
        ..Server::with(&[("m.gguf", &LARGE)])
    };
    let (endpoint, cache) = (server.start().await, tempfile::tempdir().unwrap());
    let hub = Hub::new(&endpoint, cache.path())
        .unwrap()
        .with_token("secret".into());
    let id: ModelId = "org/name:m.gguf".parse().unwrap();
    let mut last = None;
    let path = hub
        .get(&id, &mut |progress| {
            last = Some((progress.done_bytes, progress.total_bytes))
        })
        .await
        .unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), LARGE);
    assert_eq!(last, Some((10_000, Some(10_000))));
    assert!(
        server
            .asked()
            .iter()
            .all(|line| line.ends_with("Bearer secret"))
    );
    hub.get(&id, &mut |_| {}).await.unwrap();
    assert!(server.asked().is_empty());
    assert!(!format!("{hub:?}").contains("secret"));
}

#[tokio::test]
async fn a_download_that_breaks_off_is_an_error_and_succeeds_the_next_time() {
    let breaks_at = Arc::new(Mutex::new(Some(4_000)));
    let server = Server {
        redirects: true,
        breaks_at,
        ..Server::with(&[("m.gguf", &LARGE)])
    };
    let (endpoint, cache) = (server.start().await, tempfile::tempdir().unwrap());
    let broken = get(&endpoint, cache.path(), "org/name:m.gguf")
        .await
        .unwrap_err();
    assert!(matches!(broken, HubError::Transfer { .. }), "{broken:?}");
    assert!(!cache.path().join("org/name/m.gguf").exists());
    let path = get(&endpoint, cache.path(), "org/name:m.gguf")
        .await
        .unwrap();
    assert_eq!(std::fs::read(path).unwrap(), LARGE);
}

#[tokio::test]
async fn what_an_earlier_attempt_left_is_resumed_and_checked_as_a_whole() {
    for ignores_ranges in [false, true] {
        for left in [4_000, LARGE.len()] {
            let server = Server {
                redirects: true,
                ignores_ranges,
                ..Server::with(&[("m.gguf", &LARGE)])
            };
            let (endpoint, cache) = (server.start().await, tempfile::tempdir().unwrap());
            let folder = cache.path().join("org/name");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("m.gguf.part"), &LARGE[..left]).unwrap();
            let path = get(&endpoint, cache.path(), "org/name:m.gguf")
                .await
                .unwrap();
            assert_eq!(std::fs::read(path).unwrap(), LARGE);
            assert!(server.asked()[0].contains(&format!("bytes={left}-")));
        }
    }
}

#[tokio::test]
async fn a_part_that_was_another_file_is_found_out_and_forgotten() {
    let server = Server {
        redirects: true,
        ..Server::with(&[("m.gguf", &LARGE)])
    };
    let (endpoint, cache) = (server.start().await, tempfile::tempdir().unwrap());
    let folder = cache.path().join("org/name");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("m.gguf.part"), [8; 4_000]).unwrap();
    let error = get(&endpoint, cache.path(), "org/name:m.gguf")
        .await
        .unwrap_err();
    assert!(matches!(error, HubError::Damaged { .. }), "{error:?}");
    assert_eq!(
        std::fs::read(
            get(&endpoint, cache.path(), "org/name:m.gguf")
                .await
                .unwrap()
        )
        .unwrap(),
        LARGE
    );
}

#[tokio::test]
async fn a_file_with_another_hash_is_not_put_in_place() {
    let server = Server {
        redirects: true,
        wrong_hash: true,
        ..Server::with(&[("m.gguf", &LARGE)])
    };
    let (endpoint, cache) = (server.start().await, tempfile::tempdir().unwrap());
    let error = get(&endpoint, cache.path(), "org/name:m.gguf")
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            HubError::Damaged {
                measure: "SHA-256",
                ..
            }
        ),
        "{error:?}"
    );
    assert!(!cache.path().join("org/name/m.gguf").exists());
    assert_eq!(
        std::fs::metadata(cache.path().join("org/name/m.gguf.part"))
            .unwrap()
            .len(),
        0
    );
}

#[tokio::test]
async fn a_model_folder_is_its_parts_and_nothing_else() {
    let server = Server::with(&[
        ("config.json", b"{}"),
        ("tokenizer.json", b"{}"),
        ("model.safetensors", b"weights"),
        ("README.md", b"text"),
        ("original/model.safetensors", b"other"),
        ("pytorch_model.bin", b"code"),
    ]);
    let (endpoint, cache) = (server.start().await, tempfile::tempdir().unwrap());
    let folder = get(&endpoint, cache.path(), "org/name").await.unwrap();
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["config.json", "model.safetensors", "tokenizer.json"]
    );
}

#[tokio::test]
async fn the_only_gguf_file_is_taken_and_several_are_named() {
    let server = Server::with(&[("a.gguf", b"GGUF"), ("README.md", b"text")]);
    let (endpoint, cache) = (server.start().await, tempfile::tempdir().unwrap());
    assert!(
        get(&endpoint, cache.path(), "org/name")
            .await
            .unwrap()
            .ends_with("a.gguf")
    );
    let server = Server::with(&[("a.gguf", b"GGUF"), ("b.gguf", b"GGUF")]);
    let endpoint = server.start().await;
    let cache = tempfile::tempdir().unwrap();
    let error = get(&endpoint, cache.path(), "org/name").await.unwrap_err();
    assert!(error.to_string().contains("a.gguf, b.gguf"), "{error}");
}

#[tokio::test]
async fn what_is_not_there_is_said_in_words() {
    let server = Server::with(&[]);
    let (endpoint, cache) = (server.start().await, tempfile::tempdir().unwrap());
    let error = get(&endpoint, cache.path(), "org/other").await.unwrap_err();
    assert!(
        matches!(error, HubError::Refused { status: 404, .. }),
        "{error:?}"
    );
    let error = get(&endpoint, cache.path(), "org/name").await.unwrap_err();
    assert!(matches!(error, HubError::Choose { .. }), "{error:?}");
    assert!(matches!(
        Hub::new("not a url", cache.path()),
        Err(HubError::Endpoint(_))
    ));
}
