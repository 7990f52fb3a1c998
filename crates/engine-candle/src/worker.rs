//! The threads that generate, and the queue before them.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use atoma_engine::EngineError;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::generation::Job;
use crate::load::{LoadError, LoadedModel};

/// A pool of threads over one model, and the queue before it.
///
/// The threads end once the pool is dropped and the queue is empty.
#[derive(Debug)]
pub(crate) struct Workers {
    queue: SyncSender<Job>,
    limit: usize,
}

impl Workers {
    /// Starts `workers` threads, each with a pool of `threads` for its computations.
    pub(crate) fn start(
        model: &Arc<LoadedModel>,
        workers: usize,
        threads: usize,
        limit: usize,
    ) -> Result<Self, LoadError> {
        let (queue, jobs) = sync_channel(limit);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..workers {
            let pool = ThreadPoolBuilder::new()
                .num_threads(threads)
                .thread_name(move |thread| format!("compute-{number}-{thread}"))
                .build()
                .map_err(|cause| {
                    LoadError::io(Path::new("a new thread"))(std::io::Error::other(cause))
                })?;
            let (model, jobs) = (Arc::clone(model), Arc::clone(&jobs));
            std::thread::Builder::new()
                .name(format!("generate-{number}"))
                .spawn(move || work(&model, &jobs, &pool))
                .map_err(LoadError::io(Path::new("a new thread")))?;
        }
        Ok(Self { queue, limit })
    }

    /// Queues a job.
    ///
    /// # Errors
    /// [`EngineError::Overloaded`] if the queue is full.
    pub(crate) fn submit(&self, job: Job) -> Result<(), EngineError> {
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => EngineError::Overloaded { limit: self.limit },
            TrySendError::Disconnected(_) => EngineError::failed("the engine's threads have ended"),
        })
    }
}

fn work(model: &LoadedModel, jobs: &Mutex<Receiver<Job>>, pool: &ThreadPool) {
    loop {
        // The lock is held while waiting: one thread waits for the next job, the others for the lock.
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else {
            return;
        };
        let events = job.events.clone();
        // A job owns all it changes, so that a panic leaves nothing half-changed behind.
        if std::panic::catch_unwind(AssertUnwindSafe(|| pool.install(|| job.run(model)))).is_err() {
            tracing::error!("a generation panicked");
            // A full channel means that its reader is far behind; the closed channel tells it the same.
            let _ = events.try_send(Err(EngineError::failed("the generation panicked")));
        }
    }
}
