//! The engine through its public interface.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod damaged;
#[cfg(test)]
mod download;
