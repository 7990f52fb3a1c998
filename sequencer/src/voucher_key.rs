//! The secret that signs vouchers: 32 bytes in a file that only its owner can read.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use atoma_env::Env;
use zeroize::Zeroizing;

use crate::StartError;

/// Reads the secret, or draws one and writes it.
pub(crate) fn load_or_create(path: &Path, env: &Env) -> Result<Zeroizing<[u8; 32]>, StartError> {
    let failed = |reason: std::io::Error| StartError::VoucherKey {
        path: path.to_owned(),
        reason: reason.to_string(),
    };
    let mut seed = Zeroizing::new([0; 32]);
    match OpenOptions::new().read(true).open(path) {
        Ok(mut file) => {
            file.read_exact(&mut *seed).map_err(failed)?;
            Ok(seed)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            env.fill(&mut *seed);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(failed)?;
            }
            // Written aside and renamed, so that a crash leaves no half of a key behind.
            let aside = path.with_extension("new");
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&aside)
                .map_err(failed)?;
            file.write_all(&*seed)
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
            std::fs::rename(&aside, path).map_err(failed)?;
            Ok(seed)
        }
        Err(error) => Err(failed(error)),
    }
}
